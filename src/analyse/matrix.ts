/** Numbers in rows, in float64: what follows from features is a difference of large sums. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: Float64Array;
}

/** The i-th row: a view. */
export const rowOf = ({ values, columns }: Matrix, i: number): Float64Array =>
  values.subarray(i * columns, (i + 1) * columns);

/** The sum of products. Four sums at once, since each addition waits for the one before it. */
export function dot(a: Float64Array, b: Float64Array, length = a.length): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < length; i++) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + (s2 + s3);
}

/** Adds a multiple of a vector to another, in place. */
export function addTo(target: Float64Array, factor: number, vector: Float64Array, length = vector.length): void {
  for (let i = 0; i < length; i++) target[i] = (target[i] as number) + factor * (vector[i] as number);
}

/** The products of all rows with each other, X X^T: `[rows, rows]`. Four rows at a time, so that each is read less often. */
export function kernelOf(x: Matrix): Matrix {
  const { rows, columns } = x;
  const values = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i += 4) {
    const at = (next: number) => rowOf(x, Math.min(i + next, rows - 1));
    const block: Four = [at(0), at(1), at(2), at(3)];
    for (let j = 0; j < Math.min(i + 4, rows); j++) {
      const sums = dots(block, rowOf(x, j), columns);
      for (let next = 0; next < 4 && i + next < rows; next++) {
        values[(i + next) * rows + j] = values[j * rows + i + next] = sums[next] as number;
      }
    }
  }
  return { rows, columns: rows, values };
}

type Four = readonly [Float64Array, Float64Array, Float64Array, Float64Array];

function dots([a, b, c, d]: Four, row: Float64Array, length: number): number[] {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    const value = row[i] as number;
    s0 += (a[i] as number) * value;
    s1 += (b[i] as number) * value;
    s2 += (c[i] as number) * value;
    s3 += (d[i] as number) * value;
  }
  return [s0, s1, s2, s3];
}

/** The same matrix with its columns as rows. */
export function transposed({ rows, columns, values }: Matrix): Matrix {
  const result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j] as number;
  }
  return { rows: columns, columns: rows, values: result };
}

/** Matrix times vector. */
export const times = (matrix: Matrix, vector: Float64Array): Float64Array =>
  Float64Array.from({ length: matrix.rows }, (_, i) => dot(rowOf(matrix, i), vector));

/** The sum of the rows, each with its factor: the transposed matrix times a vector. */
export function combined(matrix: Matrix, factors: Float64Array): Float64Array {
  const sum = new Float64Array(matrix.columns);
  for (let i = 0; i < matrix.rows; i++) if (factors[i]) addTo(sum, factors[i] as number, rowOf(matrix, i));
  return sum;
}

/** The matrix with its mean row taken off every row. */
export function centred(matrix: Matrix): Matrix {
  const { rows, columns } = matrix;
  const mean = combined(matrix, new Float64Array(rows).fill(1 / rows));
  const result = { rows, columns, values: matrix.values.slice() };
  for (let i = 0; i < rows; i++) addTo(rowOf(result, i), -1, mean);
  return result;
}
