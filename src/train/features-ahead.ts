/** Reads rows of a table; `next` are those that will be asked for after these. */
export type ReadRows<Rows> = (rows: readonly number[], next?: readonly number[]) => Promise<Rows>;

/**
 * Reads the next batch while this one is trained on. What is read is the same; only the waiting is shorter.
 *
 * @param read Reads rows.
 * @returns Reads rows, and begins with those that come next. `settled` waits until nothing is being read.
 */
export function readingAhead<Rows>(read: (rows: readonly number[]) => Promise<Rows>): {
  readonly read: ReadRows<Rows>;
  readonly settled: () => Promise<unknown>;
} {
  let ahead: { readonly rows: string; readonly result: Promise<Rows> } | undefined;
  return {
    read(rows, next) {
      const result = ahead?.rows === rows.join() ? ahead.result : read(rows);
      ahead = next?.length ? { rows: next.join(), result: read(next) } : undefined;
      // It fails for whoever asks for it; nobody may.
      ahead?.result.catch(() => {});
      return result;
    },
    settled: async () => ahead?.result.catch(() => {}),
  };
}
