/** A symmetric matrix by its lower half, row by row: half of the memory to read and write, which is what takes the time. */
export interface Symmetric {
  readonly rows: number;
  readonly values: Float64Array;
}

/** How many numbers come before a row. */
const startOf = (row: number) => (row * (row + 1)) / 2;

/** The entry in a row and a column. */
export const entryOf = ({ values }: Symmetric, i: number, j: number): number =>
  values[j <= i ? startOf(i) + j : startOf(j) + i] as number;

/** Matrix times vector. */
export function timesSymmetric({ rows, values }: Symmetric, vector: Float64Array): Float64Array {
  const result = new Float64Array(rows);
  for (let i = 0, at = 0; i < rows; i++, at++) {
    const own = vector[i] as number;
    let sum = 0;
    for (let j = 0; j < i; j++, at++) {
      const value = values[at] as number;
      sum += value * (vector[j] as number);
      result[j] = (result[j] as number) + value * own;
    }
    result[i] = sum + (values[at] as number) * own;
  }
  return result;
}

/** The matrix plus a multiple of v v^T, in a new one. */
export function plusOuter({ rows, values }: Symmetric, factor: number, v: Float64Array): Symmetric {
  const result = new Float64Array(values.length);
  for (let i = 0, at = 0; i < rows; i++) {
    const scaled = factor * (v[i] as number);
    for (let j = 0; j <= i; j++, at++) result[at] = (values[at] as number) + scaled * (v[j] as number);
  }
  return { rows, values: result };
}

/** The matrix with one more row and column, of zeros. */
export function grown({ rows, values }: Symmetric): Symmetric {
  const result = new Float64Array(startOf(rows + 1));
  result.set(values);
  return { rows: rows + 1, values: result };
}

/** The matrix without a row and its column. */
export function shrunk({ rows, values }: Symmetric, index: number): Symmetric {
  const result = new Float64Array(startOf(rows - 1));
  for (let i = 0; i < rows - 1; i++) {
    const from = startOf(i < index ? i : i + 1);
    const split = Math.min(i + 1, index);
    result.set(values.subarray(from, from + split), startOf(i));
    if (i >= index) result.set(values.subarray(from + index + 1, from + i + 2), startOf(i) + index);
  }
  return { rows: rows - 1, values: result };
}
