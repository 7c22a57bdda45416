import * as tf from '@tensorflow/tfjs-core';
import { allocate } from './heap.ts';
import type { Kernel } from './kernel.ts';

/** Sums rows by segment: the gradient of looking rows up (Embedding). */
export const unsortedSegmentSum: Kernel<'x' | 'segmentIds'> = ({ inputs: { x, segmentIds }, attrs, backend }) => {
  const { numSegments } = attrs as { readonly numSegments: number };
  const row = tf.util.sizeFromShape(x.shape.slice(segmentIds.rank));
  const { result, numbers, views } = allocate(backend, [numSegments, ...x.shape.slice(segmentIds.rank)], x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= numSegments) continue;
    for (let j = 0; j < row; j++) (numbers[id * row + j] as number) += views[0]?.[i * row + j] as number;
  }
  return result;
};

/** The gradient of max pooling: each output's goes to the first largest input of its window (trap T25). */
export const maxPoolGradient: Kernel<'dy' | 'input'> = ({ inputs: { dy, input }, attrs, backend }) => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as { filterSize: number; strides: number; pad: 'same'; dimRoundingMode?: 'floor' };
  const info = tf.backend_util.computePool2DInfo(input.shape as [number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode);
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const { result, numbers, views } = allocate(backend, input.shape, input, dy);
  const [source, gradient] = views as [Float32Array, Float32Array];
  for (let b = 0, out = 0; b < info.batchSize; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let channel = 0; channel < inChannels; channel++, out++) {
          let largest = Number.NEGATIVE_INFINITY;
          let place = -1;
          for (let r = 0; r < filterHeight; r++) {
            const y = oy * strideHeight - padInfo.top + r;
            for (let c = 0; y >= 0 && y < inHeight && c < filterWidth; c++) {
              const x = ox * strideWidth - padInfo.left + c;
              const at = ((b * inHeight + y) * inWidth + x) * inChannels + channel;
              if (x < 0 || x >= inWidth || !((source[at] as number) > largest)) continue;
              largest = source[at] as number;
              place = at;
            }
          }
          if (place >= 0) (numbers[place] as number) += gradient[out] as number;
        }
      }
    }
  }
  return result;
};

/** The gradient of nearest-neighbour resizing: each output's goes to the pixel that it was copied from (trap T25). */
export const resizeNearestNeighborGradient: Kernel<'images' | 'dy'> = ({ inputs: { images, dy }, attrs, backend }) => {
  const { alignCorners } = attrs as { readonly alignCorners: boolean };
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [, outHeight, outWidth] = dy.shape as [number, number, number, number];
  const { result, numbers, views } = allocate(backend, images.shape, dy);
  const from = (out: number, size: number, outSize: number) => {
    const corners = alignCorners && outSize > 1;
    const place = (out * (corners ? size - 1 : size)) / (corners ? outSize - 1 : outSize);
    return Math.min(size - 1, alignCorners ? Math.round(place) : Math.floor(place));
  };
  for (let b = 0, out = 0; b < batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++, out += channels) {
        const at = ((b * height + from(oy, height, outHeight)) * width + from(ox, width, outWidth)) * channels;
        for (let c = 0; c < channels; c++) (numbers[at + c] as number) += views[0]?.[out + c] as number;
      }
    }
  }
  return result;
};

/** The gradient of a 3-D convolution's input (trap T25). */
export const conv3dBackpropInput: Kernel<'dy' | 'filter'> = ({ inputs: { dy, filter }, attrs, backend }) => {
  const { pad, strides, inputShape } = attrs as { pad: 'same'; strides: [number, number, number]; inputShape: [number, number, number, number, number] };
  const info = tf.backend_util.computeConv3DInfo(inputShape, filter.shape as [number, number, number, number, number], strides, 1, pad);
  const { inDepth, inHeight, inWidth, inChannels, outDepth, outHeight, outWidth, outChannels, padInfo } = info;
  const { result, numbers, views } = allocate(backend, inputShape, dy, filter);
  const [gradient, weights] = views as [Float32Array, Float32Array];
  const taps: (readonly [number, number, number])[] = [];
  for (let d = 0; d < info.filterDepth; d++) {
    for (let r = 0; r < info.filterHeight; r++) for (let c = 0; c < info.filterWidth; c++) taps.push([d, r, c]);
  }
  for (let out = 0; out < info.batchSize * outDepth * outHeight * outWidth; out++) {
    const ox = out % outWidth;
    const oy = Math.floor(out / outWidth) % outHeight;
    const oz = Math.floor(out / (outWidth * outHeight)) % outDepth;
    const b = Math.floor(out / (outWidth * outHeight * outDepth));
    taps.forEach(([d, r, c], tap) => {
      const z = oz * info.strideDepth - padInfo.front + d;
      const y = oy * info.strideHeight - padInfo.top + r;
      const x = ox * info.strideWidth - padInfo.left + c;
      if (z < 0 || z >= inDepth || y < 0 || y >= inHeight || x < 0 || x >= inWidth) return;
      const at = (((b * inDepth + z) * inHeight + y) * inWidth + x) * inChannels;
      for (let i = 0; i < inChannels; i++) {
        let sum = 0;
        for (let o = 0; o < outChannels; o++) {
          sum += (gradient[out * outChannels + o] as number) * (weights[(tap * inChannels + i) * outChannels + o] as number);
        }
        (numbers[at + i] as number) += sum;
      }
    });
  }
  return result;
};
