import { TransferError } from '../core/errors.ts';
import type { LearnedExample, Learner, Method } from './learned-head.ts';

/**
 * Keeps the examples; a new one belongs to the class that most of its k nearest have (Cover and Hart, 1967). It bends to
 * any shape of class, is slow with many examples, and cannot become the dense head of a model.
 *
 * @param k How many neighbours vote. 1 to 10 is usual; with fewer examples, all of them vote.
 * @returns The learner, for {@link learn}. Its scores are shares of the votes.
 * @throws TransferError `INVALID_ARGUMENT` where k is no whole number from 1.
 *
 * @example
 * ```ts
 * import { learn, nearestNeighbours, predictScores } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(nearestNeighbours(3), [[0, 1], [0, 3], [4, 0]], [0, 0, 1], ['up', 'right']);
 * console.log(predictScores(head, [0, 2])); // [ 0.666..., 0.333... ]
 * ```
 */
export function nearestNeighbours(k: number): Learner {
  if (Number.isInteger(k) && k >= 1) return { kind: 'learner', name: 'nearestNeighbours', k };
  throw new TransferError(
    'INVALID_ARGUMENT',
    `nearestNeighbours received ${k}. Pass a whole number from 1, such as 5.`,
  );
}

/** What {@link nearestNeighbours} does: nothing, before it is asked. */
export const memories: Method = { learn: () => ({}) };

/**
 * The share of votes of each class.
 *
 * @param examples The examples.
 * @param classes How many classes there are.
 * @param features The features of the new example.
 * @param k How many vote.
 */
export function votes(
  examples: readonly LearnedExample[],
  classes: number,
  features: Float64Array,
  k: number,
): number[] {
  const nearest = examples
    .map(({ features: known, label }) => ({ label, distance: squaredDistance(known, features) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, k);
  const shares = new Array<number>(classes).fill(0);
  for (const { label } of nearest) shares[label] = (shares[label] as number) + 1 / nearest.length;
  return shares;
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}
