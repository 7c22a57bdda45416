import * as tf from '@tensorflow/tfjs-core';
import type { Dataset, Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import { type Head, hasClasses } from '../core/head.ts';
import { kindOf } from '../core/kind-of.ts';
import type { Loss } from '../core/loss.ts';
import type { Metric } from '../core/metrics.ts';
import { type Target, taskOf } from '../core/outcome.ts';

/**
 * The targets of a batch as the loss reads them.
 *
 * @param head The head.
 * @param targets The targets.
 * @returns Class indices `[batch]` or `[batch, tokens]` (int32), or `[batch, outputs]`; owned by the caller.
 */
export function targetTensor(head: Head, targets: readonly Target[]): tf.Tensor {
  if (head.task === 'tokenClassification') return tf.tensor2d(targets as number[][], undefined, 'int32');
  return head.task === 'classification'
    ? tf.tensor1d(targets as number[], 'int32')
    : tf.tensor2d(targets as number[][], [targets.length, head.labels.length], 'float32');
}

/**
 * Refuses data whose targets do not fit a head, before anything runs.
 *
 * @param head The head.
 * @param data The splits.
 * @throws TransferError `INVALID_DATA`.
 */
export function assertDataset(head: Head, data: Dataset): void {
  if (data?.train?.kind !== 'examples') {
    throw new TransferError(
      'INVALID_DATA',
      `The data ${kindOf(data) === 'examples' ? 'is one split, not a record of them' : 'has no training examples'}. Pass { train, validation } with examples of tfjs-transfer/data (fromTensors, ` +
        'fromArrays, collect, splitExamples) or await imageFolder(...) of tfjs-transfer/node.',
    );
  }
  const { labels } = data;
  if (labels && hasClasses(head.task) && labels.join('\n') !== head.labels.join('\n')) {
    throw new TransferError(
      'INVALID_DATA',
      `The data has the classes ${labels.join(', ')}; the head has ${head.labels.join(', ')}. They must be the same, in the ` +
        'same order: attachHead(classifier(data.labels)).',
    );
  }
  assertExamples(head, data.train, 'train');
  if (data.validation) assertExamples(head, data.validation, 'validation');
}

/**
 * Refuses examples whose targets do not fit a head.
 *
 * @param head The head.
 * @param examples The examples.
 * @param split What the split is called.
 * @throws TransferError `INVALID_DATA`.
 */
export function assertExamples(head: Head, examples: Examples, split: string): void {
  if (examples?.kind !== 'examples' || examples.size === 0) {
    throw new TransferError(
      'INVALID_DATA',
      examples?.kind === 'examples'
        ? `The ${split} split is empty. Pass at least one example.`
        : `The ${split} split is no examples (${typeof examples}). Pass one split of the data: data.validation, or data.test of { test: 0.2 }.`,
    );
  }
  if (examples.targets.length !== examples.size) {
    throw new TransferError(
      'INVALID_DATA',
      `The ${split} split has ${examples.size} examples and ${examples.targets.length} targets. Give each example one target.`,
    );
  }
  const bad = examples.targets.findIndex((target) => !fits(head, target, examples.targets[0]));
  if (bad < 0) return;
  const { labels, task } = head;
  const expected = {
    classification: `a class index from 0 to ${labels.length - 1} (${labels.join(', ')})`,
    multiLabel: `an array of ${labels.length} numbers, 0 or 1, one for each label`,
    regression: `an array of ${labels.length === 1 ? '1 finite number, such as [4.5]' : `${labels.length} finite numbers, one for each output`}`,
    tokenClassification: `a class index from 0 to ${labels.length - 1} (${labels.join(', ')}) or -1 for each token, and as many as the others have`,
  }[task];
  throw new TransferError(
    'INVALID_DATA',
    `The target of ${examples.describe(bad)} in the ${split} split is ${JSON.stringify(examples.targets[bad])}; the head ` +
      `"${head.name}" expects ${expected}. Correct the targets, or attach a head that fits them.`,
  );
}

function fits({ task, labels }: Head, target: Target, first: Target | undefined): boolean {
  if (task === 'classification')
    return Number.isInteger(target) && (target as number) >= 0 && (target as number) < labels.length;
  const numbers = target as readonly number[];
  if (task === 'tokenClassification') {
    const isLabel = (number: number) => Number.isInteger(number) && number >= -1 && number < labels.length;
    return Array.isArray(numbers) && numbers.length === (first as readonly number[]).length && numbers.every(isLabel);
  }
  if (!Array.isArray(numbers) || numbers.length !== labels.length) return false;
  return numbers.every((number) => (task === 'multiLabel' ? number === 0 || number === 1 : Number.isFinite(number)));
}

/**
 * Refuses a loss that does not fit a head.
 *
 * @param head The head.
 * @param loss The loss of a phase.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertLoss(head: Head, loss: Loss): void {
  const expected = head.loss.name;
  if (loss.name !== expected) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `The loss ${loss.name} does not fit the head "${head.name}". Use ${expected}(), or attach another head.`,
    );
  }
  const weights = loss.name === 'meanSquaredError' ? undefined : loss.classWeights;
  if (!weights || (weights.length === head.labels.length && weights.every((weight) => weight >= 0))) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `classWeights received ${JSON.stringify(weights)}. Pass ${head.labels.length} numbers from 0, one for each of ${head.labels.join(', ')}.`,
  );
}

/**
 * Refuses metrics that cannot measure what a head says, and two of one name, by which their numbers are told apart.
 *
 * @param head The head.
 * @param metrics The metrics.
 * @throws TransferError `INVALID_ARGUMENT` for a metric of other tasks, `NOT_FOUND` for one of a label that is not there.
 */
export function assertMetrics(head: Head, metrics: readonly Metric[]): void {
  for (const metric of metrics) metric.check?.({ task: taskOf(head), labels: head.labels });
  const names = metrics.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) < index);
  if (double === undefined) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `There are two metrics named ${double}. Give each a name of its own: { ...${double}(...), name: '...' }.`,
  );
}
