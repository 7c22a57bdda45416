import { mean } from '../core/mean.ts';
import { type Features, type Labels, membersOf, readFeatures, readLabels } from './read-features.ts';
import { type Spectrum, spectrumOf } from './spectrum.ts';

/**
 * How well a linear model on features explains labels: the logarithm of the maximum evidence, by example, averaged over
 * the classes. Higher is better; only differences between bases on the same examples mean something.
 *
 * LogME, You et al. (ICML 2021), equations 2 to 4 and algorithm 1. Where there are fewer examples than features, what
 * comes out depends on when the iteration stops: after 11 updates at most, or where alpha / beta moved by less than 1 %,
 * with the mean from before the last update, as in the authors' code.
 *
 * @param features The features, `[examples, features]`: pooled, as {@link featuresOf} gives them.
 * @param labels The class of each example. Classes that do not occur are left out of the mean.
 * @returns The score: finite, mostly negative. Time grows with the cube of the smaller side of the features.
 * @throws TransferError `INVALID_DATA` where numbers are not finite, lengths differ, or there is but one class.
 *
 * @example
 * ```ts
 * import { logME } from 'tfjs-transfer/analyse';
 *
 * const telling = await logME([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1]);
 * const useless = await logME([[1, 0], [0, 1], [1, 0.1], [0.1, 1]], [0, 0, 1, 1]);
 * console.log(telling > useless); // true
 * ```
 */
export async function logME(features: Features, labels: Labels): Promise<number> {
  const x = await readFeatures(features, 'logME');
  const members = membersOf(await readLabels(labels, x.rows, 'logME'), 'logME');
  const spectrum = await spectrumOf(x);
  const targets = members.map((positions) => {
    const target = new Float64Array(x.rows);
    for (const i of positions) target[i] = 1;
    return target;
  });
  return meanEvidence(spectrum, targets, x.rows, x.columns);
}

/**
 * The mean of the maximum evidence of each target, by example.
 *
 * @param spectrum The spectrum of the features.
 * @param targets A number for each row of the features, for each class.
 * @param n How many examples the rows stand for.
 * @param d How many features.
 */
export function meanEvidence(spectrum: Spectrum, targets: readonly Float64Array[], n: number, d: number): number {
  const evidences = targets.map((target) => evidence(spectrum, target, n, d) / n);
  return mean(evidences);
}

function evidence({ values, project }: Spectrum, target: Float64Array, n: number, d: number): number {
  const squares = project(target).map((number) => number ** 2);
  const total = target.reduce((sum, number) => sum + number ** 2, 0);
  const sum = (term: (value: number, square: number) => number) =>
    values.reduce((before, value, i) => before + term(value, squares[i] as number), 0);
  const inside = sum((_, square) => square);
  // Features that explain nothing: alpha has no bound, and its terms cancel.
  if (inside <= Number.EPSILON * total) return gaussian(n, n / total, total);
  const outside = Math.max(0, total - inside);
  let alpha = 1;
  let beta = 1;
  let lambda = 1;
  let mean = 0;
  let residual = 0;
  for (let update = 0; update < 11; update++) {
    const gamma = sum((value) => value / (value + lambda));
    mean = sum((value, square) => (square * value) / (lambda + value) / (lambda + value));
    // What float64 cannot tell from a perfect fit counts as its rounding, so that beta stays finite.
    residual = Math.max(
      outside + sum((value, square) => square * (lambda / (lambda + value)) ** 2),
      Number.EPSILON * total,
    );
    alpha = gamma / mean;
    beta = Math.max(n - gamma, n * Number.EPSILON) / residual;
    const moved = Math.abs(alpha / beta - lambda) / lambda;
    lambda = alpha / beta;
    if (moved < 0.01) break;
  }
  const determinant = sum((value) => Math.log(alpha + beta * value)) + (d - values.length) * Math.log(alpha);
  return gaussian(n, beta, residual) + (d * Math.log(alpha) - determinant - alpha * mean) / 2;
}

/** The log density of n residuals at a precision. */
const gaussian = (n: number, precision: number, residual: number) =>
  (n * Math.log(precision / (2 * Math.PI)) - precision * residual) / 2;
