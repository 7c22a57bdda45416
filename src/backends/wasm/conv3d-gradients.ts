import * as tf from '@tensorflow/tfjs-core';
import { allocate } from './heap.ts';
import type { Kernel } from './kernel.ts';

/** Batch, depth, height, width and channels. */
type Shape5D = [number, number, number, number, number];

interface Attributes {
  readonly strides: number | [number, number, number];
  readonly pad: 'same' | 'valid';
  readonly inputShape: Shape5D;
}

/** The gradient of a 3-D convolution's input (trap T25). */
export const conv3dBackpropInput: Kernel<'dy' | 'filter', Attributes> = ({
  inputs: { dy, filter },
  attrs,
  backend,
}) => {
  const { strides, pad, inputShape } = attrs;
  const info = tf.backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5D, strides, 1, pad);
  const { inDepth, inHeight, inWidth, inChannels, outDepth, outHeight, outWidth, outChannels } = info;
  const { filterDepth, filterHeight, filterWidth, strideDepth, strideHeight, strideWidth, padInfo } = info;
  const { result, numbers, views } = allocate(backend, inputShape, dy, filter);
  const [gradient, weights] = views;

  /** Adds what the input at a place gets from an output through one tap of the filter. */
  const add = (output: number, tap: number, input: number): void => {
    for (let i = 0; i < inChannels; i++) {
      const row = (tap * inChannels + i) * outChannels;
      let sum = 0;
      for (let o = 0; o < outChannels; o++) {
        sum += (gradient[output * outChannels + o] as number) * (weights[row + o] as number);
      }
      (numbers[input * inChannels + i] as number) += sum;
    }
  };

  for (let output = 0; output < info.batchSize * outDepth * outHeight * outWidth; output++) {
    const left = (output % outWidth) * strideWidth - padInfo.left;
    const top = (Math.floor(output / outWidth) % outHeight) * strideHeight - padInfo.top;
    const front = (Math.floor(output / (outWidth * outHeight)) % outDepth) * strideDepth - padInfo.front;
    const b = Math.floor(output / (outWidth * outHeight * outDepth));
    for (let tap = 0; tap < filterDepth * filterHeight * filterWidth; tap++) {
      const x = left + (tap % filterWidth);
      const y = top + (Math.floor(tap / filterWidth) % filterHeight);
      const z = front + Math.floor(tap / (filterWidth * filterHeight));
      if (z < 0 || z >= inDepth || y < 0 || y >= inHeight || x < 0 || x >= inWidth) continue;
      add(output, tap, ((b * inDepth + z) * inHeight + y) * inWidth + x);
    }
  }
  return result;
};
