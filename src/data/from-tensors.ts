import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { downloaded, inMemory } from './memory.ts';

/**
 * Makes examples of tensors. The values are copied: dispose the tensors whenever you like.
 *
 * @param inputs The inputs, `[examples, ...shape]`, pictures with values from 0 to 255; of a model with several inputs
 * one tensor for each.
 * @param targets The targets, as an array or as a tensor: class indices `[examples]`, or one number for each label or
 * output `[examples, outputs]`.
 * @returns The examples. They hold no tensor; there is nothing to dispose.
 * @throws TransferError `INVALID_DATA` where inputs and targets differ in number; when read, where the shape is not
 * that of the model's input.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { fromTensors } from 'tfjs-transfer/data';
 *
 * const pictures = tf.randomUniform([4, 32, 32, 3], 0, 255);
 * const examples = await fromTensors(pictures, [0, 1, 0, 1]);
 * pictures.dispose();
 * console.log(examples.size); // 4
 * ```
 */
export async function fromTensors(
  inputs: tf.Tensor | readonly tf.Tensor[],
  targets: tf.Tensor | readonly Target[],
): Promise<Examples> {
  const given = inputs instanceof tf.Tensor ? [inputs] : inputs;
  const isTensor = (input: unknown) => input instanceof tf.Tensor;
  if (!Array.isArray(given) || !given.every(isTensor) || !(isTensor(targets) || Array.isArray(targets))) {
    throw new TransferError(
      'INVALID_DATA',
      'fromTensors expects a tensor or an array of tensors, then targets as an array or tensor. For plain arrays use fromArrays.',
    );
  }
  const stored = await Promise.all(given.map(downloaded));
  return inMemory(stored, await targetsOf(targets), 'fromTensors');
}

async function targetsOf(targets: tf.Tensor | readonly Target[]): Promise<readonly Target[]> {
  if (!(targets instanceof tf.Tensor)) return targets;
  if (targets.rank !== 1 && targets.rank !== 2) {
    throw new TransferError(
      'INVALID_DATA',
      `fromTensors: the targets have the shape [${targets.shape.join(', ')}]. Pass class indices [examples], or [examples, outputs].`,
    );
  }
  return (await targets.array()) as Target[];
}
