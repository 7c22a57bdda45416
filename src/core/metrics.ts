import { TransferError } from './errors.ts';
import type { Task } from './head.ts';

/** What a metric is computed from. */
export interface Outcome {
  readonly task: Task;
  readonly labels: readonly string[];
  /** The outputs of each example: probabilities, or values in regression. */
  readonly scores: readonly Float32Array[];
  /** The target of each example: a class index, or one number for each label. */
  readonly targets: readonly Target[];
}

/** A class index, or one number for each label. */
export type Target = number | readonly number[];

/** A number that says how good predictions are. A user's own is a record of this shape. */
export interface Metric {
  readonly kind: 'metric';
  readonly name: string;
  compute(outcome: Outcome): number;
}

const metric = (name: string, compute: (outcome: Outcome) => number): Metric => ({ kind: 'metric', name, compute });

const argMax = (scores: ArrayLike<number>) => {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
};

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Whether the label is on: of a classifier, whether it is the predicted class; else whether its score is above 0.5. */
const predicted = ({ task }: Outcome, scores: Float32Array, label: number) =>
  task === 'classification' ? argMax(scores) === label : (scores[label] as number) > 0.5;

const actual = (target: Target, label: number) => (typeof target === 'number' ? target === label : target[label] === 1);

/**
 * The share of right answers: of examples in classification, of labels in multi-label classification.
 *
 * @returns The metric, from 0 to 1.
 *
 * @example
 * ```ts
 * import { accuracy } from 'tfjs-transfer';
 *
 * const scores = [Float32Array.of(0.9, 0.1), Float32Array.of(0.2, 0.8)];
 * console.log(accuracy().compute({ task: 'classification', labels: ['a', 'b'], scores, targets: [0, 0] })); // 0.5
 * ```
 */
export function accuracy(): Metric {
  return metric('accuracy', (outcome) => {
    const { task, labels, scores, targets } = outcome;
    if (task === 'classification') return mean(scores.map((row, i) => (argMax(row) === targets[i] ? 1 : 0)));
    const right = (row: Float32Array, target: Target) =>
      mean(labels.map((_, label) => (predicted(outcome, row, label) === actual(target, label) ? 1 : 0)));
    return mean(scores.map((row, i) => right(row, targets[i] as Target)));
  });
}

/**
 * The share of examples whose class is among the k best scores.
 *
 * @param k How many scores count.
 * @returns The metric, from 0 to 1, named `top5` for k = 5.
 *
 * @example
 * ```ts
 * import { topK } from 'tfjs-transfer';
 *
 * console.log(topK(5).name); // top5
 * ```
 */
export function topK(k: number): Metric {
  return metric(`top${k}`, ({ scores, targets }) => {
    const above = (row: Float32Array, target: number) =>
      row.reduce((count, score) => count + (score > (row[target] as number) ? 1 : 0), 0);
    return mean(scores.map((row, i) => (above(row, targets[i] as number) < k ? 1 : 0)));
  });
}

/** What happened to one label. */
export interface ClassOutcome {
  readonly label: string;
  /** Of those that were said to be it, the share that was; 0 where none was said to be. */
  readonly precision: number;
  /** Of those that were it, the share that was found; 0 where there were none. */
  readonly recall: number;
  /** The harmonic mean of the two. */
  readonly f1: number;
  /** How many were it. */
  readonly support: number;
}

/**
 * Precision, recall and F1 of each label.
 *
 * @param outcome Scores and targets.
 * @returns One record for each label, in order.
 *
 * @example
 * ```ts
 * import { perClass } from 'tfjs-transfer';
 *
 * const scores = [Float32Array.of(0.9, 0.1), Float32Array.of(0.2, 0.8)];
 * const [a] = perClass({ task: 'classification', labels: ['a', 'b'], scores, targets: [0, 0] });
 * console.log(a?.precision, a?.recall); // 1 0.5
 * ```
 */
export function perClass(outcome: Outcome): ClassOutcome[] {
  const { labels, scores, targets } = outcome;
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return labels.map((label, index) => {
    const said = scores.map((row) => predicted(outcome, row, index));
    const was = targets.map((target) => actual(target, index));
    const support = was.filter(Boolean).length;
    const hits = said.filter((value, i) => value && was[i]).length;
    const precision = ratio(hits, said.filter(Boolean).length);
    const recall = ratio(hits, support);
    return { label, precision, recall, f1: ratio(2 * precision * recall, precision + recall), support };
  });
}

const macro = (name: 'precision' | 'recall' | 'f1') =>
  metric(name, (outcome) => mean(perClass(outcome).map((row) => row[name])));

/**
 * Precision, the mean over labels.
 *
 * @returns The metric, from 0 to 1.
 *
 * @example
 * ```ts
 * import { precision } from 'tfjs-transfer';
 *
 * console.log(precision().name); // precision
 * ```
 */
export const precision = (): Metric => macro('precision');

/**
 * Recall, the mean over labels.
 *
 * @returns The metric, from 0 to 1.
 *
 * @example
 * ```ts
 * import { recall } from 'tfjs-transfer';
 *
 * console.log(recall().name); // recall
 * ```
 */
export const recall = (): Metric => macro('recall');

/**
 * F1, the mean over labels.
 *
 * @returns The metric, from 0 to 1.
 *
 * @example
 * ```ts
 * import { f1 } from 'tfjs-transfer';
 *
 * console.log(f1().name); // f1
 * ```
 */
export const f1 = (): Metric => macro('f1');

/**
 * The area under the ROC curve of one label against the rest: the chance that an example of it scores above one that is
 * none, ties counted half (Mann and Whitney, 1947).
 *
 * @param label The label.
 * @returns The metric, from 0 to 1; NaN where all examples are of the label, or none.
 * @throws TransferError `NOT_FOUND` where the head has no such label.
 *
 * @example
 * ```ts
 * import { auc } from 'tfjs-transfer';
 *
 * const scores = [Float32Array.of(0.9, 0.1), Float32Array.of(0.2, 0.8)];
 * console.log(auc('b').compute({ task: 'classification', labels: ['a', 'b'], scores, targets: [0, 1] })); // 1
 * ```
 */
export function auc(label: string): Metric {
  return metric('auc', ({ labels, scores, targets }) => {
    const index = labels.indexOf(label);
    if (index < 0) {
      throw new TransferError('NOT_FOUND', `auc('${label}'): the head has no such label. It has ${labels.join(', ')}.`);
    }
    const rows = scores.map((row, i) => ({ score: row[index] as number, is: actual(targets[i] as Target, index) }));
    rows.sort((a, b) => a.score - b.score);
    const positives = rows.filter(({ is }) => is).length;
    let ranks = 0;
    for (let from = 0; from < rows.length; ) {
      let to = from;
      while (to < rows.length && rows[to]?.score === rows[from]?.score) to++;
      const tied = rows.slice(from, to).filter(({ is }) => is).length;
      ranks += (tied * (from + to + 1)) / 2;
      from = to;
    }
    return (ranks - (positives * (positives + 1)) / 2) / (positives * (rows.length - positives));
  });
}

/**
 * The mean of the absolute differences over outputs and examples.
 *
 * @returns The metric, in the unit of the targets.
 *
 * @example
 * ```ts
 * import { meanAbsoluteError } from 'tfjs-transfer';
 *
 * const scores = [Float32Array.of(1), Float32Array.of(4)];
 * console.log(meanAbsoluteError().compute({ task: 'regression', labels: ['x'], scores, targets: [[2], [2]] })); // 1.5
 * ```
 */
export function meanAbsoluteError(): Metric {
  return metric('meanAbsoluteError', ({ scores, targets }) =>
    mean(scores.flatMap((row, i) => [...row].map((score, j) => Math.abs(score - ((targets[i] as number[])[j] ?? 0))))),
  );
}

/**
 * How often a class was taken for which: rows are the true classes, columns the predicted ones.
 *
 * @param outcome Scores and targets of a classifier.
 * @returns Counts, `[classes][classes]`.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from 'tfjs-transfer';
 *
 * const scores = [Float32Array.of(0.9, 0.1), Float32Array.of(0.2, 0.8)];
 * const counts = confusionMatrix({ task: 'classification', labels: ['a', 'b'], scores, targets: [0, 0] });
 * console.log(counts); // [ [ 1, 1 ], [ 0, 0 ] ]
 * ```
 */
export function confusionMatrix({ labels, scores, targets }: Outcome): number[][] {
  const counts = labels.map(() => labels.map(() => 0));
  scores.forEach((row, i) => {
    const line = counts[targets[i] as number] as number[];
    const column = argMax(row);
    line[column] = (line[column] ?? 0) + 1;
  });
  return counts;
}
