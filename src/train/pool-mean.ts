import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from '../model/tfjs-internals.ts';

/** Whether a layer is the mean of each channel of a picture, channels last. */
export function isPoolMean(layer: Layer): boolean {
  return layer.getClassName() === 'GlobalAveragePooling2D' && layer.getConfig().dataFormat !== 'channelsFirst';
}

/**
 * Computes the mean of each channel of pictures. tfjs transposes for it, and its gradient takes three passes; for a picture
 * of 7 by 7 this takes a tenth of the time on WASM.
 *
 * @param pictures The pictures, `[batch, height, width, channels]`.
 * @returns The means, `[batch, channels]`.
 */
export function poolMean(pictures: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = pictures.shape as [number, number, number, number];
  return tf.customGrad((x) => ({
    value: tf.reshape(tf.avgPool(x as tf.Tensor4D, [height, width], 1, 'valid'), [batch, channels]),
    gradFunc: (dy) => {
      const share = tf.fill([1, height, width, 1], 1 / (height * width));
      return tf.mul(tf.reshape(dy as tf.Tensor, [batch, 1, 1, channels]), share);
    },
  }))(pictures);
}
