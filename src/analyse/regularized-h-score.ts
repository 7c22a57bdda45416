import { cholesky, forward } from './cholesky.ts';
import { centred, combined, dot, kernelOf, type Matrix, rowOf, transposed } from './matrix.ts';
import { type Features, type Labels, membersOf, readFeatures, readLabels } from './read-features.ts';

/**
 * The H-score with a covariance that is shrunk towards a multiple of the identity, so that it says something with few
 * examples too: (1 - a) tr(cov_a(f)^-1 cov(E[f | y])), a by Ledoit and Wolf (2004). Higher is better.
 *
 * Ibrahim et al., Newer is not always better (2021), equation 4.
 *
 * @param features The features, `[examples, features]`.
 * @param labels The class of each example. Classes that do not occur do not matter.
 * @returns The score, from 0 to about the number of classes - 1. 0 where all examples have the same features.
 * @throws TransferError `INVALID_DATA` where numbers are not finite, lengths differ, or there is but one class.
 *
 * @example
 * ```ts
 * import { regularizedHScore } from 'tfjs-transfer/analyse';
 *
 * const score = await regularizedHScore([[1, 0, 2], [0.9, 0.2, 1], [0, 1.1, 2], [0.2, 1, 1]], [0, 0, 1, 1]);
 * console.log(score > 0); // true
 * ```
 */
export async function regularizedHScore(features: Features, labels: Labels): Promise<number> {
  const caller = 'regularizedHScore';
  const given = await readFeatures(features, caller);
  const members = membersOf(await readLabels(labels, given.rows, caller), caller);
  const x = centred(given);
  if (x.rows <= x.columns) return shrunkScore(kernelOf(x), members, x.columns);
  const { rows: n, columns: d } = x;
  const scatter = kernelOf(transposed(x));
  const norms = Float64Array.from({ length: n }, (_, i) => dot(rowOf(x, i), rowOf(x, i)));
  const gamma = shrinkage(scatter, norms, d);
  const factor = plusDiagonal(scatter, gamma);
  if (!factor) return 0;
  const explained = members.map((positions) => {
    const half = forward(factor, combined(x, indicator(positions, n)));
    return dot(half, half) / positions.length;
  });
  return (total(explained) * n) / (n - 1);
}

/**
 * The same from the products of the examples with each other: with K = X X^T of centred features, the trace is
 * n / (n - 1) times the sum over classes of 1_c^T K (K + g)^-1 1_c / n_c, where g = n a mu / (1 - a).
 *
 * @param kernel K.
 * @param members The examples of each class.
 * @param d How many features there are.
 */
export function shrunkScore(kernel: Matrix, members: readonly (readonly number[])[], d: number): number {
  const { rows: n } = kernel;
  const norms = Float64Array.from({ length: n }, (_, i) => kernel.values[i * n + i] as number);
  const gamma = shrinkage(kernel, norms, d);
  const factor = plusDiagonal(kernel, gamma);
  if (!factor) return 0;
  const explained = members.map((positions) => {
    const half = forward(factor, indicator(positions, n));
    return 1 - (gamma * dot(half, half)) / positions.length;
  });
  return (total(explained) * n) / (n - 1);
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

function indicator(positions: readonly number[], n: number): Float64Array {
  const target = new Float64Array(n);
  for (const i of positions) target[i] = 1;
  return target;
}

/**
 * What Ledoit and Wolf add to the diagonal of the scatter, once it is divided by 1 - a: n a mu / (1 - a).
 *
 * @param products X^T X or X X^T: the sum of the squares of either is the same.
 * @param norms The squared length of each example.
 * @param d How many features there are.
 */
function shrinkage(products: Matrix, norms: Float64Array, d: number): number {
  const n = norms.length;
  const mu = total([...norms]) / (n * d);
  const square = dot(products.values, products.values) / n ** 2;
  const delta = square / d - mu ** 2;
  const beta = Math.min(Math.max(0, (dot(norms, norms) / n - square) / (n * d)), delta);
  // Features of one variance that do not hang together are shrunk wholly: all but nothing of the classes is left.
  return beta > 0 ? (n * mu * beta) / Math.max(delta - beta, delta * Number.EPSILON) : 0;
}

/** Factors a scatter with its shrinkage; with none, dead features would have no inverse: rounding is added. */
function plusDiagonal(scatter: Matrix, gamma: number): Matrix | undefined {
  const { rows } = scatter;
  const diagonal = Array.from({ length: rows }, (_, i) => scatter.values[i * rows + i] as number);
  const values = scatter.values.slice();
  const added = Math.max(gamma, 1e-10 * Math.max(...diagonal));
  for (let i = 0; i < rows; i++) values[i * (rows + 1)] = (values[i * (rows + 1)] as number) + added;
  return cholesky({ rows, columns: rows, values });
}
