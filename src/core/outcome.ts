import { TransferError } from './errors.ts';
import type { Task } from './head.ts';

/** What a metric is computed from. */
export interface Outcome {
  /** Of a classifier of tokens it is `classification`: each token that has a label counts as an example. */
  readonly task: Exclude<Task, 'tokenClassification'>;
  readonly labels: readonly string[];
  /** The outputs of each example: probabilities, or values in regression. */
  readonly scores: readonly Float32Array[];
  /** The target of each example: a class index, or one number for each label. */
  readonly targets: readonly Target[];
}

/** A class index, one number for each label, or, of a classifier of tokens, a class index for each token, -1 for none. */
export type Target = number | readonly number[];

/** What is measured of a head: of tokens, each that has a label. */
export const taskOf = ({ task }: { readonly task: Task }): Outcome['task'] =>
  task === 'tokenClassification' ? 'classification' : task;

/** Refuses to measure a task by what is not for it: most numbers come out of any scores, and mean nothing there. */
export function assertTask(name: string, { task }: Pick<Outcome, 'task'>, allowed: readonly Outcome['task'][]): void {
  if (allowed.includes(task)) return;
  const fitting = { classification: 'accuracy()', multiLabel: 'f1()', regression: 'meanAbsoluteError()' };
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${name} received an outcome of ${task}; it measures ${allowed.join(' and ')}. Use ${fitting[task]}.`,
  );
}

/** Tasks whose outputs are labels. */
export const ofLabels = ['classification', 'multiLabel'] as const;

/** The position of the largest number. */
export const argMax = (scores: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
};

/** Whether a label is said: of a classifier, whether it is the predicted class; else whether its score is above 0.5. */
export const isSaid = ({ task }: Outcome, scores: Float32Array, label: number): boolean =>
  task === 'classification' ? argMax(scores) === label : (scores[label] as number) > 0.5;

/** Whether a target has a label. */
export const hasLabel = (target: Target, label: number): boolean =>
  typeof target === 'number' ? target === label : target[label] === 1;
