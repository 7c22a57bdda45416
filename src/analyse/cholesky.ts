import { addTo, dot, type Matrix, rowOf } from './matrix.ts';
import type { Symmetric } from './symmetric.ts';

/**
 * Factors a symmetric positive definite matrix as L L^T (Golub and Van Loan, Matrix Computations, 4.2).
 *
 * @param matrix The matrix; its lower half is read.
 * @returns L, zero above the diagonal; undefined where the matrix is not positive definite.
 */
export function cholesky(matrix: Matrix): Matrix | undefined {
  const { rows } = matrix;
  const factor = { rows, columns: rows, values: new Float64Array(rows * rows) };
  for (let i = 0; i < rows; i++) {
    const row = rowOf(factor, i);
    for (let j = 0; j < i; j++) {
      const above = rowOf(factor, j);
      row[j] = ((matrix.values[i * rows + j] as number) - dot(row, above, j)) / (above[j] as number);
    }
    const square = (matrix.values[i * rows + i] as number) - dot(row, row, i);
    if (!(square > 0)) return undefined;
    row[i] = Math.sqrt(square);
  }
  return factor;
}

/**
 * Solves L L^T x = b.
 *
 * @param factor L, from {@link cholesky}.
 * @param b The right side.
 */
export function solve(factor: Matrix, b: Float64Array): Float64Array {
  const x = forward(factor, b);
  for (let i = factor.rows - 1; i >= 0; i--) {
    const row = rowOf(factor, i);
    x[i] = (x[i] as number) / (row[i] as number);
    addTo(x, -(x[i] as number), row, i);
  }
  return x;
}

/**
 * Solves L x = b.
 *
 * @param factor L, from {@link cholesky}.
 * @param b The right side.
 */
export function forward(factor: Matrix, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 0; i < factor.rows; i++) {
    const row = rowOf(factor, i);
    x[i] = ((x[i] as number) - dot(row, x, i)) / (row[i] as number);
  }
  return x;
}

/**
 * The inverse of L L^T.
 *
 * @param factor L, from {@link cholesky}.
 */
export function inverseOf(factor: Matrix): Symmetric {
  const { rows } = factor;
  // Columns of L^-1 as rows: their products are the entries of L^-T L^-1. Column k is zero before its k-th entry.
  const inverse = { rows, columns: rows, values: new Float64Array(rows * rows) };
  for (let k = 0; k < rows; k++) {
    const column = rowOf(inverse, k);
    column[k] = 1 / (factor.values[k * rows + k] as number);
    for (let i = k + 1; i < rows; i++) {
      const row = rowOf(factor, i);
      column[i] = -dot(row.subarray(k, i), column.subarray(k, i)) / (row[i] as number);
    }
  }
  const values = new Float64Array((rows * (rows + 1)) / 2);
  for (let i = 0, at = 0; i < rows; i++) {
    const column = rowOf(inverse, i).subarray(i);
    for (let j = 0; j <= i; j++, at++) values[at] = dot(column, rowOf(inverse, j).subarray(i));
  }
  return { rows, values };
}
