import { argMax, assertTask, hasLabel, isSaid, type Outcome, ofLabels } from './outcome.ts';

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
 * @throws TransferError `INVALID_ARGUMENT` for an outcome of regression.
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
  assertTask('perClass', outcome, ofLabels);
  const { labels, scores, targets } = outcome;
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return labels.map((label, index) => {
    const said = scores.map((row) => isSaid(outcome, row, index));
    const was = targets.map((target) => hasLabel(target, index));
    const support = was.filter(Boolean).length;
    const hits = said.filter((value, i) => value && was[i]).length;
    const precision = ratio(hits, said.filter(Boolean).length);
    const recall = ratio(hits, support);
    return { label, precision, recall, f1: ratio(2 * precision * recall, precision + recall), support };
  });
}

/**
 * How often a class was taken for which: rows are the true classes, columns the predicted ones.
 *
 * @param outcome Scores and targets of a classifier.
 * @returns Counts, `[classes][classes]`.
 * @throws TransferError `INVALID_ARGUMENT` for an outcome of another task.
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
export function confusionMatrix(outcome: Outcome): number[][] {
  assertTask('confusionMatrix', outcome, ['classification']);
  const { labels, scores, targets } = outcome;
  const counts = labels.map(() => labels.map(() => 0));
  scores.forEach((row, i) => {
    const line = counts[targets[i] as number] as number[];
    const column = argMax(row);
    line[column] = (line[column] ?? 0) + 1;
  });
  return counts;
}
