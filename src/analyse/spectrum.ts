import { combined, dot, kernelOf, type Matrix, rowOf, times, transposed } from './matrix.ts';

/** Eigenvalues below this share of the largest are rounding: features that are dead, or copies of others. */
const cutoff = 1e-10;

/** The singular values of a matrix X = U S V^T, squared, and where vectors lie in the space of its rows. */
export interface Spectrum {
  /** The squares of the singular values above rounding. */
  readonly values: Float64Array;
  /** U^T y, for a number for each row of X. */
  project(y: Float64Array): Float64Array;
}

/**
 * Decomposes a matrix by the smaller of X X^T and X^T X.
 *
 * @param x The matrix.
 */
export function spectrumOf(x: Matrix): Promise<Spectrum> {
  return x.rows <= x.columns ? spectrumOfKernel(kernelOf(x)) : spectrumOfColumns(x);
}

/**
 * The spectrum of X, from X X^T alone.
 *
 * @param kernel X X^T.
 */
export async function spectrumOfKernel(kernel: Matrix): Promise<Spectrum> {
  const { values, vectors } = await eigen(kernel);
  return { values, project: (y) => times(vectors, y) };
}

async function spectrumOfColumns(x: Matrix): Promise<Spectrum> {
  const { values, vectors } = await eigen(kernelOf(transposed(x)));
  return {
    values,
    project(y) {
      const moments = combined(x, y);
      return values.map((value, i) => dot(rowOf(vectors, i), moments) / Math.sqrt(value));
    },
  };
}

/** Eigenvalues of a symmetric matrix, and the eigenvector of each as a row. */
async function eigen(symmetric: Matrix): Promise<{ readonly values: Float64Array; readonly vectors: Matrix }> {
  const { EigenvalueDecomposition, Matrix: Library } = await import('ml-matrix');
  const { rows } = symmetric;
  const lines = Array.from({ length: rows }, (_, i) => rowOf(symmetric, i));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Library(lines), {
    assumeSymmetric: true,
  });
  const largest = Math.max(...realEigenvalues);
  const kept = realEigenvalues.flatMap((value, i) => (value > 0 && value > cutoff * largest ? [i] : []));
  const values = new Float64Array(kept.length * rows);
  for (const [at, i] of kept.entries()) values.set(eigenvectorMatrix.getColumn(i), at * rows);
  return {
    values: Float64Array.from(kept, (i) => realEigenvalues[i] as number),
    vectors: { rows: kept.length, columns: rows, values },
  };
}
