import { TransferError } from '../core/errors.ts';
import { centred, type Matrix } from './matrix.ts';
import { type Features, type Labels, membersOf, readFeatures, readLabels } from './read-features.ts';
import { spectrumOf } from './spectrum.ts';

/**
 * How far features set classes apart: tr(cov(f)^-1 cov(E[f | y])), from 0 to the number of classes - 1. Higher is better.
 *
 * H-score, Bao et al. (ICIP 2019), definition 2. Features that are dead or copies of others are left out (pseudo-inverse,
 * relative cutoff 1e-10). Where there are no more examples than independent features, every base has the same score,
 * classes - 1: that is refused; {@link regularizedHScore} tells bases apart there.
 *
 * @param features The features, `[examples, features]`.
 * @param labels The class of each example. Classes that do not occur do not matter.
 * @returns The score.
 * @throws TransferError `INVALID_DATA` where there are too few examples for the features, numbers are not finite, lengths
 * differ, or there is but one class.
 *
 * @example
 * ```ts
 * import { hScore } from 'tfjs-transfer/analyse';
 *
 * const score = await hScore([[1, 0], [0.9, 0.2], [0, 1.1], [0.2, 1]], [0, 0, 1, 1]);
 * console.log(score > 0.9 && score <= 1); // true
 * ```
 */
export async function hScore(features: Features, labels: Labels): Promise<number> {
  const x = await readFeatures(features, 'hScore');
  const members = membersOf(await readLabels(labels, x.rows, 'hScore'), 'hScore');
  const score = await hScoreOf(x, members);
  if (score !== undefined) return score;
  throw new TransferError(
    'INVALID_DATA',
    `hScore received ${x.rows} examples of ${x.columns} features: too few, as any features would have the score ${members.length - 1} (classes - 1). Use regularizedHScore, or pass more examples than features.`,
  );
}

/**
 * The same, or undefined where it would be classes - 1 whatever the features.
 *
 * @param x The features.
 * @param members The examples of each class.
 */
export async function hScoreOf(x: Matrix, members: readonly (readonly number[])[]): Promise<number | undefined> {
  const { values, project } = await spectrumOf(centred(x));
  if (values.length >= x.rows - 1) return undefined;
  // With cov(f) = V S V^T, the trace is the sum over classes of |U^T 1_c|^2 / n_c.
  return members.reduce((sum, positions) => {
    const target = new Float64Array(x.rows);
    for (const i of positions) target[i] = 1;
    return sum + project(target).reduce((squares, z) => squares + z * z, 0) / positions.length;
  }, 0);
}
