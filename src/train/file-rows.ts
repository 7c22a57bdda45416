import type { TemporaryFile, TemporaryFiles } from '../model/temporary-file.ts';
import type { FeatureSpace } from './feature-cache.ts';
import { bytesOf, type FeatureRows, type NumberKind, type Numbers } from './feature-rows.ts';
import { readingAhead } from './features-ahead.ts';

/** Keeps rows in temporary files. */
export function inFiles(files: TemporaryFiles): FeatureSpace {
  const failures = new Set<unknown>();
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      failures.add(error);
      throw error;
    }
  };
  return {
    isFull: (error) => failures.has(error),
    async rows(Kind, count, rowSize) {
      const rows = fileRows(await guarded(files.create()), Kind, count, rowSize);
      return {
        ...rows,
        write: (numbers, row) => guarded(rows.write(numbers, row)),
        seal: () => guarded(rows.seal()),
      };
    },
  };
}

/**
 * A table in a temporary file.
 *
 * @param file The file, which is the table's.
 * @param Kind The type of its numbers.
 * @param rows How many rows.
 * @param rowSize Numbers in a row.
 */
function fileRows(file: TemporaryFile, Kind: NumberKind, rows: number, rowSize: number): FeatureRows {
  const rowBytes = rowSize * Kind.BYTES_PER_ELEMENT;
  const { read, settled } = readingAhead(async (wanted: readonly number[]) => {
    const batch = new Kind(wanted.length * rowSize);
    const bytes = new Uint8Array(batch.buffer);
    const partOf = ({ from, count }: Run) => bytes.subarray(from * rowBytes, (from + count) * rowBytes);
    await Promise.all(runsOf(wanted).map((run) => file.read(partOf(run), run.row * rowBytes)));
    return batch;
  });
  return {
    bytes: rows * rowBytes,
    // A backend may answer with another type, or a plain array; in memory, `set` converts it.
    write: (numbers, row) =>
      file.write(bytesOf(numbers instanceof Kind ? numbers : toKind(Kind, numbers)), row * rowBytes),
    seal: () => file.seal(),
    read,
    async remove() {
      await settled();
      await file.remove();
    },
  };
}

function toKind(Kind: NumberKind, numbers: ArrayLike<number>): Numbers {
  const converted = new Kind(numbers.length);
  converted.set(numbers);
  return converted;
}

type Run = { readonly from: number; readonly row: number; readonly count: number };

/** Rows that lie beside each other are read at once, as validation does. */
function runsOf(rows: readonly number[]): Run[] {
  const starts = rows.flatMap((row, index) => (index > 0 && row === (rows[index - 1] as number) + 1 ? [] : [index]));
  return starts.map((from, i) => ({ from, row: rows[from] as number, count: (starts[i + 1] ?? rows.length) - from }));
}
