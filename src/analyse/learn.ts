import { TransferError } from '../core/errors.ts';
import { kindOf } from '../core/kind-of.ts';
import type { LearnedHead, Learner } from './learned-head.ts';
import { rowOf } from './matrix.ts';
import { methodOf } from './method-of.ts';
import { type Features, type Labels, readFeatures, readLabels } from './read-features.ts';

/**
 * Learns a head from features, without a training loop.
 *
 * @param learner How: {@link nearestMean}, {@link ridge}, {@link logisticRegression} or {@link nearestNeighbours}.
 * @param features The features, `[examples, features]`, as {@link featuresOf} gives them.
 * @param labels The class of each example, as a position in `classes`.
 * @param classes The names of the classes.
 * @returns The head: a value that {@link addExample} and its kind make others of, {@link predictScores} asks, and
 * {@link attachLearned} turns into a model. It keeps a copy of the features, in float64.
 * @throws TransferError `INVALID_DATA` where numbers are not finite, lengths differ, or a label has no class;
 * `INVALID_ARGUMENT` for what is no learner, or names that are not all different.
 *
 * @example
 * ```ts
 * import { learn, predictScores, ridge } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(ridge(), [[0, 1], [0, 3], [4, 0]], [0, 0, 1], ['up', 'right']);
 * console.log(head.labels, predictScores(head, [5, 0]));
 * ```
 */
export async function learn(
  learner: Learner,
  features: Features,
  labels: Labels,
  classes: readonly string[],
): Promise<LearnedHead> {
  if (kindOf(learner) !== 'learner') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `learn received ${typeof learner} as the learner. Pass nearestMean(), ridge(), logisticRegression() or nearestNeighbours(k).`,
    );
  }
  if (kindOf(features) === 'examples') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'learn received examples; it learns from features of them. Pass those: const features = await featuresOf(base, data.train), and features.labels.',
    );
  }
  assertNames(classes);
  const x = await readFeatures(features, 'learn');
  const positions = await readLabels(labels, x.rows, 'learn');
  const bad = positions.findIndex((label) => label >= classes.length);
  if (bad >= 0) {
    throw new TransferError(
      'INVALID_DATA',
      `learn: the label of example ${bad} is ${positions[bad]}; there are ${classes.length} classes (${classes.join(', ')}). Name all of them.`,
    );
  }
  const examples = positions.map((label, i) => ({ features: rowOf(x, i), label }));
  const state = methodOf(learner).learn({ examples, classes: classes.length, size: x.columns });
  return { kind: 'learned', learner, labels: [...classes], size: x.columns, examples, state };
}

function assertNames(classes: readonly string[]): void {
  const isRight =
    Array.isArray(classes) &&
    classes.every((name) => typeof name === 'string') &&
    new Set(classes).size === classes.length;
  if (isRight) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `learn received the classes ${JSON.stringify(classes)}. Pass a name for each class, all different, after features and labels: learn(ridge(), features, labels, classes).`,
  );
}
