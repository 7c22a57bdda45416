/**
 * How much is kept of each text of a pair that is too long together: the longer one gives way first, as Hugging Face's
 * tokenizers do it. Taking tokens off the longer side one by one would differ where both become equally long.
 *
 * @param first The tokens of the first text.
 * @param second Those of the second.
 * @param room How many both may have.
 * @returns How many are kept of each (`truncate_encodings` of the tokenizers library, strategy `LongestFirst`).
 */
export function truncatePair(first: number, second: number, room: number): readonly [first: number, second: number] {
  if (first + second <= room) return [first, second];
  const isSwapped = first > second;
  let shorter = Math.min(first, second);
  let longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = Math.floor(room / 2);
    longer = shorter + (room % 2);
  }
  return isSwapped ? [longer, shorter] : [shorter, longer];
}
