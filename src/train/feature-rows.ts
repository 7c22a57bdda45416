import type { TemporaryFile } from '../model/temporary-file.ts';
import { type ReadRows, readingAhead } from './features-ahead.ts';

/** The numbers of some rows, one after the other. */
export type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** The type of the numbers. */
export interface NumberKind {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Numbers;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): Numbers;
}

/** A table of numbers: a row for each view of each example. */
export interface FeatureRows {
  readonly bytes: number;
  /** All rows, where they are in memory. */
  readonly memory?: Numbers;
  /** Writes rows from a position on. */
  write(numbers: Numbers, row: number): Promise<void>;
  /** Ends the writing: reading begins. */
  seal(): Promise<void>;
  readonly read: ReadRows<Numbers>;
  remove(): Promise<void>;
}

/**
 * A table in memory.
 *
 * @param all Its rows.
 * @param rowSize Numbers in a row.
 */
export function memoryRows(all: Numbers, rowSize: number): FeatureRows {
  return {
    bytes: all.byteLength,
    memory: all,
    async write(numbers, row) {
      all.set(numbers, row * rowSize);
    },
    async seal() {},
    async read(rows) {
      const batch = new (all.constructor as NumberKind)(rows.length * rowSize);
      rows.forEach((row, index) => {
        batch.set(all.subarray(row * rowSize, (row + 1) * rowSize), index * rowSize);
      });
      return batch;
    },
    async remove() {},
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
export function fileRows(file: TemporaryFile, Kind: NumberKind, rows: number, rowSize: number): FeatureRows {
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

/** The bytes of numbers. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Numbers) => new Uint8Array(buffer, byteOffset, byteLength);

type Run = { readonly from: number; readonly row: number; readonly count: number };

/** Rows that lie beside each other are read at once, as validation does. */
function runsOf(rows: readonly number[]): Run[] {
  const starts = rows.flatMap((row, index) => (index > 0 && row === (rows[index - 1] as number) + 1 ? [] : [index]));
  return starts.map((from, i) => ({ from, row: rows[from] as number, count: (starts[i + 1] ?? rows.length) - from }));
}
