import type { LearnedState, Learner, Method } from './learned-head.ts';
import { addTo, dot } from './matrix.ts';

/**
 * Learns the mean of each class; an example belongs to the class whose mean is nearest. It needs few examples, takes no
 * time, and its accuracy is what a base does without any training.
 *
 * Scores are x m - m m / 2 for a mean m: minus half the squared distance, but for what all classes share (Mensink et al.,
 * 2013; Snell et al., 2017, equation 8).
 *
 * @returns The learner, for {@link learn}.
 *
 * @example
 * ```ts
 * import { learn, nearestMean, predictScores } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(nearestMean(), [[0, 1], [0, 3], [4, 0]], [0, 0, 1], ['up', 'right']);
 * console.log(predictScores(head, [0, 2])); // [ 2, -8 ]
 * ```
 */
export const nearestMean = (): Learner => ({ kind: 'learner', name: 'nearestMean' });

interface Means extends LearnedState {
  readonly weights: readonly Float64Array[];
  readonly sums: readonly Float64Array[];
  readonly counts: readonly number[];
}

/** Changes the sum of one class, and what follows from it. */
function changed({ sums, counts, weights }: Means, label: number, features: Float64Array, sign: 1 | -1): Means {
  const sum = (sums[label] as Float64Array).slice();
  addTo(sum, sign, features);
  const count = (counts[label] as number) + sign;
  return {
    sums: sums.with(label, sum),
    counts: counts.with(label, count),
    weights: weights.with(label, weightsOf(sum, count)),
  };
}

function weightsOf(sum: Float64Array, count: number): Float64Array {
  const weights = new Float64Array(sum.length + 1);
  if (count > 0) addTo(weights, 1 / count, sum);
  weights[sum.length] = -dot(weights, weights) / 2;
  return weights;
}

/** What {@link nearestMean} does. */
export const means: Method<Means> = {
  learn({ examples, classes, size }) {
    const sums = Array.from({ length: classes }, () => new Float64Array(size));
    const counts = new Array<number>(classes).fill(0);
    for (const { features, label } of examples) {
      addTo(sums[label] as Float64Array, 1, features);
      counts[label] = (counts[label] as number) + 1;
    }
    return { sums, counts, weights: sums.map((sum, label) => weightsOf(sum, counts[label] as number)) };
  },
  add(state, { examples }) {
    const { features, label } = examples[examples.length - 1] as (typeof examples)[number];
    return changed(state, label, features, 1);
  },
  remove: (state, _, { features, label }) => changed(state, label, features, -1),
  regroup({ sums, counts, weights }, { size }, from) {
    const pick = <Value>(values: readonly Value[], fresh: () => Value) =>
      from.map((old) => (old === undefined ? fresh() : (values[old] as Value)));
    return {
      sums: pick(sums, () => new Float64Array(size)),
      counts: pick(counts, () => 0),
      weights: pick(weights, () => new Float64Array(size + 1)),
    };
  },
};
