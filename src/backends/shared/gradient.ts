import type * as tf from '@tensorflow/tfjs-core';
import type { Repaired } from '../../core/repaired.ts';

/** A gradient as tfjs registers it, marked as ours. */
export type Gradient = tf.GradConfig & Repaired;

/** What tfjs keeps of an operation for its gradient: inputs by name, then outputs by number. */
export interface Kept {
  readonly inputs?: readonly string[];
  readonly outputs?: readonly boolean[];
}

/** The gradient of each input, computed where it is asked for. */
export type InputGradients = Readonly<Record<string, () => tf.Tensor>>;

/**
 * Makes the gradient of an operation.
 *
 * @param kernelName The name of the operation.
 * @param kept What to keep for it.
 * @param derive Gives the gradients of the inputs from that of the output, what was kept, and the attributes.
 */
export function gradient<Attributes = object>(
  kernelName: string,
  kept: Kept,
  derive: (dy: tf.Tensor, kept: readonly tf.Tensor[], attributes: Attributes) => InputGradients,
): Gradient {
  return {
    kernelName,
    inputsToSave: [...(kept.inputs ?? [])],
    outputsToSave: [...(kept.outputs ?? [])],
    gradFunc: (dy, saved, attributes) => derive(dy as tf.Tensor, saved, attributes as Attributes),
    repaired: true,
  };
}
