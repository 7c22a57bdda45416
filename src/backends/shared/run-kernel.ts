import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs a kernel of the backend that is current.
 *
 * @param kernelName The name of the kernel.
 * @param inputs The inputs by name.
 * @param attributes The attributes.
 */
export function run(kernelName: string, inputs: tf.NamedTensorMap, attributes: object): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;
}
