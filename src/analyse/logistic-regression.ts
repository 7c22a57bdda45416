import { type LearnedState, type Learner, type Lesson, type Method, withOne } from './learned-head.ts';
import { addTo, dot } from './matrix.ts';
import { minimize, type Objective } from './minimize.ts';
import { assertPositive } from './penalty.ts';

/**
 * Learns a softmax regression: the minimum of the summed cross-entropy + penalty / 2 times the squares of the weights (the
 * constants are free), found by L-BFGS in float64 and not by epochs. What `linearProbe()` goes towards.
 *
 * @param settings The penalty: above 0, `1 / C` of scikit-learn. Default: 1.
 * @returns The learner, for {@link learn}. Its scores are logits. Adding or removing an example learns anew: a
 * second or so with 300 examples of 1,280 features.
 * @throws TransferError `INVALID_ARGUMENT` where the penalty is not above 0.
 *
 * @example
 * ```ts
 * import { learn, logisticRegression, predictScores } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(logisticRegression(), [[0, 1], [0, 3], [4, 0]], [0, 0, 1], ['up', 'right']);
 * const [up = 0, right = 0] = predictScores(head, [0, 2]);
 * console.log(up > right); // true
 * ```
 */
export function logisticRegression(settings: { readonly penalty?: number } = {}): Learner {
  return { kind: 'learner', name: 'logisticRegression', penalty: assertPositive('logisticRegression', settings) };
}

interface Logits extends LearnedState {
  readonly weights: readonly Float64Array[];
}

/** What {@link logisticRegression} does. From the weights that are there it would take no fewer steps than from zero. */
export const logits = (penalty: number): Method<Logits> => ({
  learn: (lesson) => ({ weights: fitted(lesson, penalty) }),
});

/** A class without examples takes no part: its constant would fall for ever. */
function fitted({ examples, classes, size }: Lesson, penalty: number): readonly Float64Array[] {
  const present = Array.from({ length: classes }, (_, label) => label).filter((label) =>
    examples.some((example) => example.label === label),
  );
  const width = size + 1;
  // Around their mean, features and constants hardly hang together: a tenth of the steps. The solution is the same.
  const mean = new Float64Array(size);
  for (const { features } of examples) addTo(mean, 1 / examples.length, features);
  const rows = examples.map(({ features }) => {
    const row = withOne(features);
    addTo(row, -1, mean);
    return row;
  });
  const targets = examples.map(({ label }) => present.indexOf(label));
  const part = (all: Float64Array, i: number) => all.subarray(i * width, (i + 1) * width);
  const objective = crossEntropy(rows, targets, present.length, penalty);
  const point = minimize(objective, new Float64Array(present.length * width), 1e-7 * Math.max(1, penalty));
  return Array.from({ length: classes }, (_, label) => {
    const i = present.indexOf(label);
    if (i < 0) return new Float64Array(width);
    const own = part(point, i).slice();
    own[size] = (own[size] as number) - dot(own, mean, size);
    return own;
  });
}

/** The summed cross-entropy with its penalty, of the weights of all classes in one row. */
function crossEntropy(
  rows: readonly Float64Array[],
  targets: readonly number[],
  classes: number,
  penalty: number,
): Objective {
  return (weights, gradient) => {
    const width = weights.length / classes;
    const part = (all: Float64Array, i: number) => all.subarray(i * width, (i + 1) * width);
    const own = Array.from({ length: classes }, (_, i) => part(weights, i));
    const slopes = Array.from({ length: classes }, (_, i) => part(gradient, i));
    let loss = 0;
    for (const [at, x] of rows.entries()) {
      const scores = own.map((one) => dot(one, x));
      const highest = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - highest));
      const sum = powers.reduce((before, power) => before + power, 0);
      const target = targets[at] as number;
      loss += Math.log(sum) + highest - (scores[target] as number);
      for (const [i, slope] of slopes.entries()) addTo(slope, (powers[i] as number) / sum - (i === target ? 1 : 0), x);
    }
    for (const [i, one] of own.entries()) {
      loss += (penalty / 2) * dot(one, one, width - 1);
      addTo(slopes[i] as Float64Array, penalty, one, width - 1);
    }
    return loss;
  };
}
