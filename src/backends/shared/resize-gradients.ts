import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.ts';
import { type Alignment, linear, nearest, type Resampling, type Taps } from './resampling.ts';
import type { Shape4 } from './shapes.ts';

/** What each output takes of each input, `[1, inputs, outputs]`. */
function matrixOf(taps: readonly Taps[], inputs: number): tf.Tensor3D {
  const weights = new Float32Array(inputs * taps.length);
  taps.forEach((some, output) => {
    for (const [input, weight] of some) (weights[input * taps.length + output] as number) += weight;
  });
  return tf.tensor3d(weights, [1, inputs, taps.length]);
}

function resizeGradient(kernelName: string, resampling: Resampling) {
  return kernel<'images' | 'dy', Alignment>(kernelName, ({ inputs: { images, dy }, attrs }) => {
    if (!attrs.halfPixelCenters) return undefined;
    const [batch, height, width, channels] = images.shape as Shape4;
    const [, outHeight, outWidth] = dy.shape as Shape4;
    const rows = matrixOf(resampling(height, outHeight, attrs), height);
    const columns = matrixOf(resampling(width, outWidth, attrs), width);
    const down = tf.matMul(rows, tf.reshape(dy, [batch, outHeight, outWidth * channels]));
    const right = tf.matMul(columns, tf.reshape(down, [batch * height, outWidth, channels]));
    return tf.reshape(right, images.shape);
  });
}

/**
 * The gradients of resizing by half-pixel centers, which those of tfjs ignore: two products of matrices, as graphics
 * processors have no scattering. The other alignments are left to tfjs.
 */
export const halfPixelGradients = [
  resizeGradient(tf.ResizeNearestNeighborGrad, nearest),
  resizeGradient(tf.ResizeBilinearGrad, linear),
] as const;
