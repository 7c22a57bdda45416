import type { Numbers, ReadRows } from './feature-rows.ts';

/**
 * Reads the next batch while this one is trained on. What is read is the same; only the waiting is shorter.
 *
 * @param read Reads rows.
 * @returns Reads rows, and begins with those that come next. `settled` waits until nothing is being read.
 */
export function readingAhead(read: (rows: readonly number[]) => Promise<Numbers>): {
  readonly read: ReadRows;
  readonly settled: () => Promise<unknown>;
} {
  let ahead: { readonly rows: string; readonly result: Promise<Numbers> } | undefined;
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
