import * as tf from '@tensorflow/tfjs-core';

/**
 * Sums over the axes that were broadcast: the gradient of broadcasting.
 *
 * @param tensor The gradient of what was broadcast.
 * @param shape The shape before.
 */
export function sumToShape(tensor: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes([...shape], tensor.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(tensor, axes) : tensor, [...shape]);
}
