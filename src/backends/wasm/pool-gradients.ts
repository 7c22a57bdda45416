import * as tf from '@tensorflow/tfjs-core';
import { placesOfMaxima, scatterMaxima } from '../shared/maxima.ts';
import type { Shape4, Shape5 } from '../shared/shapes.ts';
import { type Windows, windowsOfPictures, windowsOfVolumes } from '../shared/windows.ts';
import { allocate, allocateZeros, type WasmBackend } from './heap.ts';
import { trainingKernel } from './kernel.ts';

/** The gradient of the input of max pooling. */
function maxGradient(backend: WasmBackend, input: tf.Tensor, dy: tf.Tensor, windows: Windows): tf.Tensor {
  const result = allocateZeros(backend, input.shape);
  const [numbers, gradient, target] = [input, dy, result].map((tensor) => backend.typedArrayFromHeap(tensor)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  scatterMaxima(numbers, gradient, target, windows);
  return result;
}

/** The gradient of max pooling. That of tfjs is wrong where a window has no positive number (trap T25). */
export const maxPoolGradient = trainingKernel<'dy' | 'input', tf.MaxPoolGradAttrs>(
  tf.MaxPoolGrad,
  ({ inputs: { dy, input }, attrs: { filterSize, strides, pad, dimRoundingMode }, backend }) => {
    const shape = input.shape as Shape4;
    const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    return maxGradient(backend, input, dy, windowsOfPictures(info, dy.shape as Shape4));
  },
);

/** The gradient of max pooling over volumes. That of tfjs is wrong like that over pictures (trap T25). */
export const maxPool3dGradient = trainingKernel<'dy' | 'input', tf.MaxPool3DGradAttrs>(
  tf.MaxPool3DGrad,
  ({ inputs: { dy, input }, attrs: { filterSize, strides, pad, dimRoundingMode }, backend }) => {
    const shape = input.shape as Shape5;
    const info = tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    return maxGradient(backend, input, dy, windowsOfVolumes(info, dy.shape as Shape5));
  },
);

/** Max pooling over volumes. That of tfjs says 0 where a window has no positive number (trap T25). */
export const maxPool3d = trainingKernel<'x', tf.MaxPool3DAttrs>(
  tf.MaxPool3D,
  ({ inputs: { x }, attrs: { filterSize, strides, pad, dimRoundingMode }, backend }) => {
    const info = tf.backend_util.computePool3DInfo(x.shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode);
    const result = allocate(backend, info.outShape);
    const numbers = backend.typedArrayFromHeap(result);
    const source = backend.typedArrayFromHeap(x);
    placesOfMaxima(source, windowsOfVolumes(info, info.outShape as Shape5)).forEach((place, i) => {
      numbers[i] = place < 0 ? Number.NEGATIVE_INFINITY : (source[place] as number);
    });
    return result;
  },
);
