import * as tf from '@tensorflow/tfjs-core';
import { allocate } from './heap.ts';
import type { Kernel, Shape4D, WindowAttributes } from './kernel.ts';

interface Attributes extends WindowAttributes {
  readonly filterSize: number | [number, number];
}

/** The gradient of max pooling: each output's goes to the first largest input of its window (trap T25). */
export const maxPoolGradient: Kernel<'dy' | 'input', Attributes> = ({ inputs: { dy, input }, attrs, backend }) => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool2DInfo(input.shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = info;
  const { result, numbers, views } = allocate(backend, input.shape, input, dy);
  const [source, gradient] = views;

  /** Where the largest number of a window lies; -1 in a window of nothing but NaN. */
  const largestOf = (picture: number, top: number, left: number, channel: number): number => {
    const [lastY, lastX] = [Math.min(top + info.filterHeight, inHeight), Math.min(left + info.filterWidth, inWidth)];
    let largest = Number.NEGATIVE_INFINITY;
    let place = -1;
    for (let y = Math.max(0, top); y < lastY; y++) {
      for (let x = Math.max(0, left); x < lastX; x++) {
        const at = ((picture * inHeight + y) * inWidth + x) * inChannels + channel;
        if (!((source[at] as number) > largest)) continue;
        largest = source[at] as number;
        place = at;
      }
    }
    return place;
  };

  for (let b = 0, out = 0; b < batchSize; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const [top, left] = [oy * strideHeight - info.padInfo.top, ox * strideWidth - info.padInfo.left];
        for (let channel = 0; channel < inChannels; channel++, out++) {
          const place = largestOf(b, top, left, channel);
          if (place >= 0) (numbers[place] as number) += gradient[out] as number;
        }
      }
    }
  }
  return result;
};
