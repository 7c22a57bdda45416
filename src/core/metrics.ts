import { TransferError } from './errors.ts';
import { mean } from './mean.ts';
import { argMax, assertTask, hasLabel, isSaid, type Outcome, ofLabels, type Target } from './outcome.ts';
import { perClass } from './per-class.ts';
import { assertRange, wholeFrom1 } from './ranges.ts';

/** A number that says how good predictions are. A user's own is a record of this shape. */
export interface Metric {
  readonly kind: 'metric';
  readonly name: string;
  /**
   * Which numbers are better: callbacks that monitor it, `greedySoup` and all that chooses or compares by it go by this.
   * Default: `lower` where the name has `loss` or `error` in it, else `higher`.
   */
  readonly better?: 'higher' | 'lower';
  /** The number, from scores and targets. Those of this library throw TransferError where {@link Metric.check} does. */
  compute(outcome: Outcome): number;
  /** Throws where it cannot measure such a task, or has no such label: asked before a run. Default: it measures all. */
  check?(outcome: Pick<Outcome, 'task' | 'labels'>): void;
}

function metric(
  name: string,
  tasks: readonly Outcome['task'][],
  compute: (outcome: Outcome) => number,
  checkLabels?: Metric['check'],
): Metric {
  const check: Metric['check'] = (outcome) => {
    assertTask(name, outcome, tasks);
    checkLabels?.(outcome);
  };
  return {
    kind: 'metric',
    name,
    check,
    compute(outcome) {
      check(outcome);
      return compute(outcome);
    },
  };
}

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
  return metric('accuracy', ofLabels, (outcome) => {
    const { task, labels, scores, targets } = outcome;
    if (task === 'classification') return mean(scores.map((row, i) => (argMax(row) === targets[i] ? 1 : 0)));
    const right = (row: Float32Array, target: Target) =>
      mean(labels.map((_, label) => (isSaid(outcome, row, label) === hasLabel(target, label) ? 1 : 0)));
    return mean(scores.map((row, i) => right(row, targets[i] as Target)));
  });
}

/**
 * The share of examples whose class is among the k best scores.
 *
 * @param k How many scores count, from 1.
 * @returns The metric, from 0 to 1, named `top5` for k = 5; of classification alone.
 * @throws TransferError `INVALID_ARGUMENT` for another k.
 *
 * @example
 * ```ts
 * import { topK } from 'tfjs-transfer';
 *
 * console.log(topK(5).name); // top5
 * ```
 */
export function topK(k: number): Metric {
  assertRange('topK', wholeFrom1, { k });
  return metric(`top${k}`, ['classification'], ({ scores, targets }) => {
    const above = (row: Float32Array, target: number) =>
      row.reduce((count, score) => count + (score > (row[target] as number) ? 1 : 0), 0);
    return mean(scores.map((row, i) => (above(row, targets[i] as number) < k ? 1 : 0)));
  });
}

const macro = (name: 'precision' | 'recall' | 'f1') =>
  metric(name, ofLabels, (outcome) => mean(perClass(outcome).map((row) => row[name])));

/**
 * Precision, the mean over labels. A label that is never predicted counts as 0.
 *
 * @returns The metric, from 0 to 1, of classification and multi-label classification.
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
 * Recall, the mean over labels. A label without examples counts as 0.
 *
 * @returns The metric, from 0 to 1, of classification and multi-label classification.
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
 * F1, the mean over labels. A label without examples, or that is never predicted, counts as 0.
 *
 * @returns The metric, from 0 to 1, of classification and multi-label classification.
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
export function auc(label: string): Metric & { readonly label: string } {
  const check = ({ labels }: Pick<Outcome, 'labels'>) => {
    if (labels.includes(label)) return;
    throw new TransferError('NOT_FOUND', `auc('${label}'): the head has no such label. It has ${labels.join(', ')}.`);
  };
  const compute = ({ labels, scores, targets }: Outcome) => {
    const index = labels.indexOf(label);
    const rows = scores.map((row, i) => ({ score: row[index] as number, is: hasLabel(targets[i] as Target, index) }));
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
  };
  return { ...metric('auc', ofLabels, compute, check), label };
}

/**
 * The mean of the absolute differences over outputs and examples.
 *
 * @returns The metric, in the unit of the targets; of regression and multi-label classification.
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
  return metric('meanAbsoluteError', ['regression', 'multiLabel'], ({ scores, targets }) =>
    mean(scores.flatMap((row, i) => [...row].map((score, j) => Math.abs(score - ((targets[i] as number[])[j] ?? 0))))),
  );
}
