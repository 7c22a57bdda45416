import * as tf from '@tensorflow/tfjs-core';

/**
 * `tf.tidy` for any record of tensors: frees what a function made, but for the tensors in what it returns. tfjs finds
 * those in nested arrays and plain records (not in a Map or a Set); its types know fewer.
 *
 * @param run The function. It must be synchronous.
 */
export function tidy<T>(run: () => T): T {
  return tf.tidy(run as () => tf.TensorContainer) as T;
}
