import * as tf from '@tensorflow/tfjs-core';

/**
 * The sum of scalars. `tf.addN` is no way to have it: of more than some seven, the WebGPU backend returns nothing and the
 * WebGL backend leaks.
 *
 * @param scalars The scalars.
 */
export function total(scalars: readonly tf.Scalar[]): tf.Scalar {
  return scalars.reduce((sum, scalar) => tf.add(sum, scalar), tf.scalar(0));
}
