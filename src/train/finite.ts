import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { execute, type Values } from '../model/execute.ts';
import { tidy } from '../model/tidy.ts';
import { withValues } from '../model/weights.ts';
import type { FeatureSource } from './features.ts';
import type { StepPlan } from './step.ts';

/**
 * Whether numbers are finite, from a position on.
 *
 * @param numbers The numbers.
 * @param from The first position to look at.
 */
export function allFinite(numbers: ArrayLike<number>, from = 0): boolean {
  for (let i = from; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return false;
  return true;
}

/** The position in the batch of the first example with a number that is not finite, or -1. */
async function firstNotFinite(tensor: tf.Tensor): Promise<number> {
  const numbers = await tensor.data();
  const size = numbers.length / (tensor.shape[0] ?? 1);
  const position = (numbers as Float32Array).findIndex((number) => !Number.isFinite(number));
  return position < 0 ? -1 : Math.floor(position / size);
}

/**
 * Names the example that brought NaN or Infinity, and says whether they were in the data or came of the base.
 *
 * @param source Where the batch came from.
 * @param indices The examples of the batch.
 * @param features A value at the frontier.
 * @throws TransferError `INVALID_DATA` or `NOT_FINITE`, where there are any.
 */
export async function assertBatchFinite(
  source: FeatureSource,
  indices: readonly number[],
  features: tf.Tensor,
): Promise<void> {
  const { examples, inputs } = source;
  const read = await examples.read(indices, { inputs });
  try {
    for (const input of read) {
      const bad = await firstNotFinite(input);
      if (bad >= 0) {
        throw new TransferError(
          'INVALID_DATA',
          `${examples.describe(indices[bad] as number)} holds NaN or Infinity. Remove the example or repair its values; nothing was trained on it.`,
        );
      }
    }
  } finally {
    tf.dispose(read as tf.Tensor[]);
  }
  const bad = await firstNotFinite(features);
  if (bad < 0) return;
  throw new TransferError(
    'NOT_FINITE',
    `The frozen layers turn ${examples.describe(indices[bad] as number)} into NaN or Infinity. Check that the values are on ` +
      'the scale that the base expects (pixels from 0 to 255) and that the weights of the base are whole.',
  );
}

/**
 * Names the layer whose output stopped being finite in a step.
 *
 * @param plan The step's plan.
 * @param values The weights before the step.
 * @param cut The values at the frontier.
 * @param fresh The weights after the step.
 */
export async function whereNotFinite(
  plan: StepPlan,
  values: Readonly<Record<string, tf.Tensor>>,
  cut: Values,
  fresh: Readonly<Record<string, tf.Tensor>>,
): Promise<string> {
  const { network, split } = plan;
  const outputs = tidy(() =>
    withValues(network.variables, values, () => {
      const all = execute(split.suffix, cut);
      return split.suffix.map(({ outputs: [id] }) => all.get(id as number)?.tensor as tf.Tensor);
    }),
  );
  try {
    for (const [index, output] of outputs.entries()) {
      if ((await firstNotFinite(output)) >= 0) return `the output of ${split.suffix[index]?.path}`;
    }
  } finally {
    tf.dispose(outputs);
  }
  for (const [key, value] of Object.entries(fresh)) {
    if ((await firstNotFinite(tf.reshape(value, [1, -1]))) >= 0) return `the gradient of ${key}`;
  }
  return 'the loss';
}
