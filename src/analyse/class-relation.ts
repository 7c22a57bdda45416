import { argMax } from '../core/outcome.ts';
import { logits } from './logistic-regression.ts';
import { addTo, dot, type Matrix, rowOf } from './matrix.ts';
import { minimize } from './minimize.ts';
import { softmax } from './softmax.ts';

/** What the old classifier says of examples, and the new class of each. */
export interface Answers {
  /** A row of probabilities for each example. */
  readonly said: Matrix;
  readonly labels: readonly number[];
}

/**
 * p(old | new) as the mean of what is said of a class's examples: the direct approach.
 *
 * @param answers What is said.
 * @param classes How many new classes there are. One without examples gets the mean of all.
 */
export function directRelation({ said, labels }: Answers, classes: number): Float64Array[] {
  return Array.from({ length: classes }, (_, label) => {
    const own = labels.flatMap((one, i) => (one === label ? [i] : []));
    return meanOf(said, own.length ? own : [...labels.keys()]);
  });
}

/** As the paper's code has them, every other one. */
const penalties = [1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4];

/**
 * p(old | new) by Bayes' rule: p(new | old) is learned by a softmax regression on what is said, its penalty chosen and its
 * logits scaled on the validation split. The reverse approach, with its calibration.
 *
 * @param train What is said of the training split.
 * @param validation What is said of the validation split.
 * @param classes How many new classes there are. One without training examples gets the mean of all.
 * @param breathe Called between fits; it may throw to stop.
 */
export async function reverseRelation(
  train: Answers,
  validation: Answers,
  classes: number,
  breathe: () => Promise<void>,
): Promise<Float64Array[]> {
  const size = train.said.columns;
  // Classes by their position among those that can be learned.
  const present = [...new Set(train.labels)].sort((a, b) => a - b);
  const rowsOf = ({ said, labels }: Answers) =>
    labels
      .map((label, i) => ({ features: rowOf(said, i), label: present.indexOf(label) }))
      .filter(({ label }) => label >= 0);
  const [examples, held] = [rowsOf(train), rowsOf(validation)];
  let best: { readonly weights: readonly Float64Array[]; readonly hits: number } | undefined;
  for (const penalty of penalties) {
    await breathe();
    const { weights } = logits(penalty).learn({ examples, classes: present.length, size });
    const hits = held.filter(({ features, label }) => argMax(scoresOf(weights, features)) === label).length;
    if (!best || hits > best.hits) best = { weights, hits };
  }
  const { weights } = best as NonNullable<typeof best>;
  const scale = calibrated(held.map(({ features, label }) => ({ scores: scoresOf(weights, features), label })));
  const both = [train, validation].map(({ said, labels }) => meanOf(said, [...labels.keys()]));
  const shares = [train, validation].map(
    ({ labels }) => labels.length / (train.labels.length + validation.labels.length),
  );
  const marginal = new Float64Array(size);
  for (const [i, mean] of both.entries()) addTo(marginal, shares[i] as number, mean);
  const joint = Array.from({ length: classes }, () => new Float64Array(size));
  for (let old = 0; old < size; old++) {
    const one = new Float64Array(size);
    one[old] = 1;
    softmax(scoresOf(weights, one), scale).forEach((p, i) => {
      (joint[present[i] as number] as Float64Array)[old] = p * (marginal[old] as number);
    });
  }
  return joint.map((row) => {
    const sum = row.reduce((before, p) => before + p, 0);
    return sum > 0 ? row.map((p) => p / sum) : marginal;
  });
}

/** The logits of features: the last weight of each class is its constant. */
const scoresOf = (weights: readonly Float64Array[], features: Float64Array): number[] =>
  weights.map((own) => dot(own, features, features.length) + (own[features.length] as number));

/** The factor on logits with which labels are the likeliest. */
function calibrated(rows: readonly { readonly scores: readonly number[]; readonly label: number }[]): number {
  const entropy = (point: Float64Array, gradient: Float64Array) => {
    const scale = point[0] as number;
    let sum = 0;
    for (const { scores, label } of rows) {
      const likely = softmax(scores, scale);
      sum -= Math.log(Math.max(likely[label] as number, Number.MIN_VALUE));
      const expected = scores.reduce((before, score, i) => before + score * (likely[i] as number), 0);
      gradient[0] = (gradient[0] as number) + (expected - (scores[label] as number)) / rows.length;
    }
    return sum / rows.length;
  };
  return minimize(entropy, Float64Array.of(1), 1e-6)[0] as number;
}

function meanOf(said: Matrix, rows: readonly number[]): Float64Array {
  const mean = new Float64Array(said.columns);
  for (const i of rows) addTo(mean, 1 / rows.length, rowOf(said, i));
  return mean;
}
