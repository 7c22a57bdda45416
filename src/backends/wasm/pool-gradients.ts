import * as tf from '@tensorflow/tfjs-core';
import { allocate, allocateZeros, type WasmBackend } from './heap.ts';
import { type Shape4, type Shape5, trainingKernel } from './kernel.ts';
import { placesIn, type Windows, windowsOfPictures, windowsOfVolumes } from './windows.ts';

/** @returns For each output, where in the input the first largest number of its window is; -1 where there is none. */
function placesOfMaxima(source: Float32Array, windows: Windows): Int32Array {
  const { batch, channels, input, output, window, stride, padding } = windows;
  const [depth, height, width] = input;
  const places = new Int32Array(batch * placesIn(output) * channels);
  for (let place = 0; place < batch * placesIn(output); place++) {
    const x = (place % output[2]) * stride[2] - padding[2];
    const y = (Math.floor(place / output[2]) % output[1]) * stride[1] - padding[1];
    const plane = Math.floor(place / (output[2] * output[1]));
    const z = (plane % output[0]) * stride[0] - padding[0];
    const picture = Math.floor(plane / output[0]);
    const [firstZ, firstY, firstX] = [Math.max(0, z), Math.max(0, y), Math.max(0, x)];
    const [endZ, endY] = [Math.min(depth, z + window[0]), Math.min(height, y + window[1])];
    const endX = Math.min(width, x + window[2]);
    for (let channel = 0; channel < channels; channel++) {
      let largest = Number.NEGATIVE_INFINITY;
      let found = -1;
      for (let inZ = firstZ; inZ < endZ; inZ++) {
        for (let inY = firstY; inY < endY; inY++) {
          const row = ((picture * depth + inZ) * height + inY) * width;
          for (let inX = firstX; inX < endX; inX++) {
            const at = (row + inX) * channels + channel;
            const value = source[at] as number;
            if (value > largest) [largest, found] = [value, at];
          }
        }
      }
      places[place * channels + channel] = found;
    }
  }
  return places;
}

/** Adds each output's gradient to that of the input that it came from. */
function maxGradient(backend: WasmBackend, input: tf.Tensor, dy: tf.Tensor, windows: Windows): tf.Tensor {
  const result = allocateZeros(backend, input.shape);
  const numbers = backend.typedArrayFromHeap(result);
  const gradient = backend.typedArrayFromHeap(dy);
  placesOfMaxima(backend.typedArrayFromHeap(input), windows).forEach((place, i) => {
    if (place >= 0) (numbers[place] as number) += gradient[i] as number;
  });
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
