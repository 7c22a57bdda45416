import * as tf from '@tensorflow/tfjs-core';

/**
 * A weight as PyTorch keeps it: `[outputs, inputs]` of a product, `[outputs, inputs, ...window]` of a convolution.
 *
 * @param weight A kernel or a factor as it is here, `[...window, inputs, outputs]`; a bias stays what it is.
 */
export function toPyTorch(weight: tf.Tensor): tf.Tensor {
  const { rank } = weight;
  return rank < 2 ? tf.clone(weight) : tf.transpose(weight, [rank - 1, rank - 2, ...axes(rank - 2)]);
}

/** The way back. */
export function fromPyTorch(weight: tf.Tensor): tf.Tensor {
  const { rank } = weight;
  return rank < 2 ? tf.clone(weight) : tf.transpose(weight, [...axes(rank - 2).map((axis) => axis + 2), 1, 0]);
}

const axes = (count: number) => Array.from({ length: count }, (_, axis) => axis);
