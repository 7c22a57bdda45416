import { assertLearned } from './edit-head.ts';
import type { LearnedHead } from './learned-head.ts';
import { dot } from './matrix.ts';
import { votes } from './nearest-neighbours.ts';
import { readExample } from './read-example.ts';

/**
 * Asks a learned head about one example.
 *
 * @param head The head.
 * @param features The features of the example.
 * @returns A score for each class, in the order of `head.labels`: the highest is the answer. What scores mean is the
 * learner's; a class without examples has -Infinity, so that it is never chosen.
 * @throws TransferError `INVALID_DATA` where the example has other features than the head, or NaN.
 *
 * @example
 * ```ts
 * import { learn, nearestMean, predictScores } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(nearestMean(), [[0, 1], [4, 0]], [0, 1], ['up', 'right']);
 * const scores = predictScores(head, [3, 1]);
 * console.log(head.labels[scores.indexOf(Math.max(...scores))]); // right
 * ```
 */
export function predictScores(head: LearnedHead, features: ArrayLike<number>): number[] {
  assertLearned(head, 'predictScores');
  const { learner, labels, size, examples, state } = head;
  const x = readExample(features, size, 'predictScores');
  const scores =
    learner.name === 'nearestNeighbours'
      ? votes(examples, labels.length, x, learner.k)
      : (state.weights ?? []).map((weights) => dot(weights, x, size) + (weights[size] as number));
  const present = new Set(examples.map(({ label }) => label));
  return scores.map((score, label) => (present.has(label) ? score : Number.NEGATIVE_INFINITY));
}
