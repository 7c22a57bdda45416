import { type LearnedState, type Learner, type Lesson, type Method, regrouped, withOne } from './learned-head.ts';
import { addTo, dot } from './matrix.ts';
import { minimize } from './minimize.ts';
import { assertPositive } from './penalty.ts';

/**
 * Learns a softmax regression: the minimum of the summed cross-entropy + penalty / 2 times the squares of the weights (the
 * constants are free), found by L-BFGS in float64 and not by epochs. What `linearProbe()` goes towards.
 *
 * @param settings The penalty: above 0, `1 / C` of scikit-learn. Default: 1.
 * @returns The learner, for {@link learn}. Its scores are logits. Adding or removing an example goes on from the weights
 * that are there.
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

/** What {@link logisticRegression} does. */
export function logits(penalty: number): Method<Logits> {
  const solved = (lesson: Lesson, start: readonly Float64Array[]): Logits => ({
    weights: fitted(lesson, start, penalty),
  });
  return {
    learn: (lesson) => solved(lesson, regrouped([], new Array(lesson.classes).fill(undefined), lesson.size)),
    add: (state, lesson) => solved(lesson, state.weights),
    remove: (state, lesson) => solved(lesson, state.weights),
    regroup: (state, lesson, from) => solved(lesson, regrouped(state.weights, from, lesson.size)),
  };
}

/** A class without examples takes no part: its constant would fall for ever. */
function fitted(
  { examples, classes, size }: Lesson,
  start: readonly Float64Array[],
  penalty: number,
): readonly Float64Array[] {
  const present = Array.from({ length: classes }, (_, label) => label).filter((label) =>
    examples.some((example) => example.label === label),
  );
  const width = size + 1;
  const rows = examples.map(({ features }) => withOne(features));
  const targets = examples.map(({ label }) => present.indexOf(label));
  const first = new Float64Array(present.length * width);
  for (const [i, label] of present.entries()) first.set(start[label] as Float64Array, i * width);
  centreConstants(first, width);
  const part = (all: Float64Array, i: number) => all.subarray(i * width, (i + 1) * width);
  const point = minimize(
    (weights, gradient) => {
      let loss = 0;
      for (const [at, x] of rows.entries()) {
        const scores = present.map((_, i) => dot(part(weights, i), x));
        const highest = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - highest));
        const sum = powers.reduce((before, power) => before + power, 0);
        const target = targets[at] as number;
        loss += Math.log(sum) + highest - (scores[target] as number);
        for (const [i, power] of powers.entries()) addTo(part(gradient, i), power / sum - (i === target ? 1 : 0), x);
      }
      for (let i = 0; i < present.length; i++) {
        const own = part(weights, i);
        loss += (penalty / 2) * dot(own, own, size);
        addTo(part(gradient, i), penalty, own, size);
      }
      return loss;
    },
    first,
    1e-8 * Math.max(1, penalty),
  );
  return Array.from({ length: classes }, (_, label) => {
    const i = present.indexOf(label);
    return i < 0 ? new Float64Array(width) : part(point, i).slice();
  });
}

/** Only differences of the constants matter: their sum is held at 0, so that any start leads to one solution. */
function centreConstants(weights: Float64Array, width: number): void {
  const classes = weights.length / width;
  let sum = 0;
  for (let i = 1; i <= classes; i++) sum += weights[i * width - 1] as number;
  for (let i = 1; i <= classes; i++) (weights[i * width - 1] as number) -= sum / classes;
}
