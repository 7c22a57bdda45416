import * as tf from '@tensorflow/tfjs-core';
import { type Alignment, linear, nearest, type Resampling, scatterResampled } from '../shared/resampling.ts';
import type { Shape4 } from '../shared/shapes.ts';
import { allocateZeros } from './heap.ts';
import { trainingKernel } from './kernel.ts';

function resizeGradient(kernelName: string, resampling: Resampling) {
  return trainingKernel<'images' | 'dy', Alignment>(kernelName, ({ inputs: { images, dy }, attrs, backend }) => {
    const shape = images.shape as Shape4;
    const [, outHeight, outWidth] = dy.shape as Shape4;
    const result = allocateZeros(backend, shape);
    const [gradient, target] = [dy, result].map((tensor) => backend.typedArrayFromHeap(tensor)) as [
      Float32Array,
      Float32Array,
    ];
    const [rows, columns] = [resampling(shape[1], outHeight, attrs), resampling(shape[2], outWidth, attrs)];
    scatterResampled(gradient, target, shape, rows, columns);
    return result;
  });
}

/** The gradient of nearest-neighbour resizing. That of tfjs ignores half-pixel centers (trap T25). */
export const resizeNearestNeighborGradient = resizeGradient(tf.ResizeNearestNeighborGrad, nearest);

/** The gradient of bilinear resizing. That of tfjs ignores half-pixel centers too. */
export const resizeBilinearGradient = resizeGradient(tf.ResizeBilinearGrad, linear);
