/**
 * Maps items by an asynchronous function, a few at a time. The first failure stops the rest.
 *
 * @param items The items.
 * @param atOnce How many at a time.
 * @param map The function.
 * @param signal Stops between items, by throwing its reason.
 * @returns The results, in the order of the items.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  map: (item: Item, index: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      try {
        signal?.throwIfAborted();
        results[index] = await map(items[index] as Item, index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
