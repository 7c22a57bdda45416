/** The numbers of some rows, one after the other. */
export type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** The type of the numbers. */
export interface NumberKind {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Numbers;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): Numbers;
}

/** Reads rows of a table; `next` are those that will be asked for after these. */
export type ReadRows = (rows: readonly number[], next?: readonly number[]) => Promise<Numbers>;

/** A table of numbers: a row for each view of each example. */
export interface FeatureRows {
  readonly bytes: number;
  /** All rows, where they are in memory. */
  readonly memory?: Numbers;
  /** Writes rows from a position on. */
  write(numbers: Numbers, row: number): Promise<void>;
  /** Ends the writing: reading begins. */
  seal(): Promise<void>;
  readonly read: ReadRows;
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

/** The bytes of numbers. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Numbers) => new Uint8Array(buffer, byteOffset, byteLength);
