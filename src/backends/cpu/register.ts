import * as tf from '@tensorflow/tfjs-core';
import { averagePoolGradients } from '../shared/average-pool-gradients.ts';
import { broadcastingMatMul } from '../shared/broadcasting-mat-mul.ts';
import { type Kernel, kernel, registerKernels } from '../shared/kernel.ts';
import { scatterMaxima } from '../shared/maxima.ts';
import { type Alignment, linear, nearest, type Resampling, scatterResampled } from '../shared/resampling.ts';
import type { Shape4, Shape5 } from '../shared/shapes.ts';
import { windowsOfVolumes } from '../shared/windows.ts';

/** That of tfjs mistakes the height of a window for its width. */
const maxPool3dGradient = kernel<'dy' | 'input', tf.MaxPool3DGradAttrs>(
  tf.MaxPool3DGrad,
  ({ inputs: { dy, input }, attrs: { filterSize, strides, pad, dimRoundingMode } }) => {
    const shape = input.shape as Shape5;
    const info = tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const target = new Float32Array(input.size);
    scatterMaxima(input.dataSync(), dy.dataSync(), target, windowsOfVolumes(info, dy.shape as Shape5));
    return tf.tensor(target, shape);
  },
);

function resizeGradient(kernelName: string, resampling: Resampling): Kernel {
  return kernel<'images' | 'dy', Alignment>(kernelName, ({ inputs: { images, dy }, attrs }) => {
    const shape = images.shape as Shape4;
    const [, outHeight, outWidth] = dy.shape as Shape4;
    const target = new Float32Array(images.size);
    const [rows, columns] = [resampling(shape[1], outHeight, attrs), resampling(shape[2], outWidth, attrs)];
    scatterResampled(dy.dataSync(), target, shape, rows, columns);
    return tf.tensor(target, shape);
  });
}

/** That of tfjs is wrong for all pictures but the first, and endless for one row by its corners. */
const resizeNearestNeighborGradient = resizeGradient(tf.ResizeNearestNeighborGrad, nearest);

/** That of tfjs exchanges height and width. */
const resizeBilinearGradient = resizeGradient(tf.ResizeBilinearGrad, linear);

/** Replaces the kernels that tfjs' plain JavaScript backend has wrong. A second call does nothing. */
export function registerCpuKernels(): void {
  registerKernels('cpu', [
    ...averagePoolGradients,
    broadcastingMatMul,
    maxPool3dGradient,
    resizeBilinearGradient,
    resizeNearestNeighborGradient,
  ]);
}
