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

/** The products of all rows with each other, X X^T: `[rows, rows]`. */
export function kernelOf(x: Matrix): Matrix {
  const { rows } = x;
  const values = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) values[i * rows + j] = values[j * rows + i] = dot(rowOf(x, i), rowOf(x, j));
  }
  return { rows, columns: rows, values };
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
