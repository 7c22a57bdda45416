import * as tf from '@tensorflow/tfjs-core';

const kernelName = 'SquareSum';

/** Whether the backend sums squares by one kernel, so that it costs less than reading the numbers. */
export const sumsSquares = (): boolean => tf.getKernel(kernelName, tf.getBackend()) !== undefined;

/**
 * The sum of the squares of a tensor's numbers.
 *
 * @param x The tensor.
 * @returns A scalar.
 */
export function squareSum(x: tf.Tensor): tf.Scalar {
  return sumsSquares() ? (tf.engine().runKernel(kernelName, { x }) as tf.Scalar) : tf.sum<tf.Scalar>(tf.square(x));
}
