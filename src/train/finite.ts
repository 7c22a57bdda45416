import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import { download } from '../model/device.ts';
import { execute, type Values } from '../model/execute.ts';
import { tidy } from '../model/tidy.ts';
import { withValues } from '../model/weights.ts';
import { squareSum, sumsSquares } from './square-sum.ts';
import type { StepPlan } from './step.ts';

/**
 * Whether numbers are finite.
 *
 * @param numbers The numbers.
 */
export function allFinite(numbers: ArrayLike<number>): boolean {
  // Zero times NaN or Infinity is NaN. One branch fewer a number takes half the time.
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += (numbers[i] as number) * 0;
  return sum === 0;
}

/** Whether the sum of all squares is finite, which it is where all numbers are, if they are not huge. */
async function hasFiniteSquares(tensor: tf.Tensor): Promise<boolean> {
  const sum = squareSum(tensor);
  try {
    return allFinite(await download(sum));
  } finally {
    sum.dispose();
  }
}

/** The position in the batch of the first example with a number that is not finite, or -1. */
async function firstNotFinite(tensor: tf.Tensor): Promise<number> {
  if (tensor.dtype !== 'float32' || (sumsSquares() && (await hasFiniteSquares(tensor)))) return -1;
  const numbers = await download(tensor);
  if (allFinite(numbers)) return -1;
  const size = numbers.length / (tensor.shape[0] ?? 1);
  const position = (numbers as Float32Array).findIndex((number) => !Number.isFinite(number));
  return Math.floor(position / size);
}

/**
 * Refuses examples that hold NaN or Infinity. It looks at what was read and not at what layers make of it: a ReLU may
 * turn NaN into 0.
 *
 * @param examples The examples.
 * @param indices Those of the batch.
 * @param read What was read of them.
 * @throws TransferError `INVALID_DATA`, naming the example.
 */
export async function assertExamplesFinite(
  examples: Examples,
  indices: readonly number[],
  read: readonly tf.Tensor[],
): Promise<void> {
  for (const input of read) {
    const bad = await firstNotFinite(input);
    if (bad < 0) continue;
    throw new TransferError(
      'INVALID_DATA',
      `${examples.describe(indices[bad] as number)} holds NaN or Infinity. Remove the example or repair its values; nothing was trained on it.`,
    );
  }
}

/**
 * Refuses features that hold NaN or Infinity, although the examples do not.
 *
 * @param examples The examples.
 * @param indices Those of the batch.
 * @param features A value at the frontier.
 * @throws TransferError `NOT_FINITE`, naming the example.
 */
export async function assertFeaturesFinite(
  examples: Examples,
  indices: readonly number[],
  features: tf.Tensor,
): Promise<void> {
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
    if (!allFinite(await download(value))) return `the gradient of ${key}`;
  }
  return 'the loss, or the norm of its gradients,';
}
