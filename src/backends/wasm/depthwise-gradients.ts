import * as tf from '@tensorflow/tfjs-core';
import type { Shape4 } from '../shared/shapes.ts';
import { allocate, allocateZeros } from './heap.ts';
import { trainingKernel } from './kernel.ts';

/** How many neighbouring taps share one reading of the output's gradient. */
const taps = 3;

/**
 * The gradient of a depthwise convolution's filter, which WASM lacks (trap T11), for any stride, dilation, padding and
 * channel multiplier. Plain loops: sums over slices, in tfjs' own operations, take 4 to 90 times longer.
 */
export const depthwiseBackpropFilter = trainingKernel<'x' | 'dy', tf.DepthwiseConv2dNativeBackpropFilterAttrs>(
  tf.DepthwiseConv2dNativeBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    const { strides, dilations, pad, dimRoundingMode, filterShape } = attrs;
    const info = tf.backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filterShape,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      true,
    );
    const [batch, outHeight, outWidth, outChannels] = dy.shape as Shape4;
    const [filterHeight, filterWidth, inChannels, multiplier] = filterShape;
    const { padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
    // The taps of a row are taken three at a time, the last three beyond the filter: there must be a pixel to read.
    const readWidth = Math.ceil(filterWidth / taps) * taps;
    const height = (outHeight - 1) * strideHeight + (filterHeight - 1) * dilationHeight + 1;
    const width = (outWidth - 1) * strideWidth + (readWidth - 1) * dilationWidth + 1;
    const padded = tf.pad(x, [
      [0, 0],
      [padInfo.top, Math.max(0, height - padInfo.top - info.inHeight)],
      [padInfo.left, Math.max(0, width - padInfo.left - info.inWidth)],
      [0, 0],
    ]);
    const [, rows, columns] = padded.shape as Shape4;
    const result = allocate(backend, filterShape);
    const source = backend.typedArrayFromHeap(padded);
    const gradient = backend.typedArrayFromHeap(dy);
    const sums = new Float64Array(filterHeight * readWidth * outChannels);
    const next = dilationWidth * inChannels;
    const step = strideWidth * inChannels;
    for (let row = 0; row < batch * outHeight; row++) {
      const picture = Math.floor(row / outHeight);
      const top = picture * rows + (row % outHeight) * strideHeight;
      for (let r = 0; r < filterHeight; r++) {
        for (let c = 0; c < readWidth; c += taps) {
          const left = ((top + r * dilationHeight) * columns + c * dilationWidth) * inChannels;
          const sum = (r * readWidth + c) * outChannels;
          for (let out = 0; out < outChannels; out++) {
            let [a, b, d] = [0, 0, 0];
            let at = left + (multiplier === 1 ? out : Math.floor(out / multiplier));
            let from = row * outWidth * outChannels + out;
            for (let position = 0; position < outWidth; position++, at += step, from += outChannels) {
              const value = gradient[from] as number;
              a += (source[at] as number) * value;
              b += (source[at + next] as number) * value;
              d += (source[at + 2 * next] as number) * value;
            }
            (sums[sum + out] as number) += a;
            (sums[sum + outChannels + out] as number) += b;
            (sums[sum + 2 * outChannels + out] as number) += d;
          }
        }
      }
    }
    const numbers = backend.typedArrayFromHeap(result);
    for (let r = 0; r < filterHeight; r++) {
      const kept = sums.subarray(r * readWidth * outChannels, (r * readWidth + filterWidth) * outChannels);
      numbers.set(kept, r * filterWidth * outChannels);
    }
    return result;
  },
);

/**
 * The gradient of a depthwise convolution's input, which WASM lacks (trap T11), for any stride, dilation, padding and
 * channel multiplier: the forward kernel, which is fast, over the gradient of the output, spread apart by the stride,
 * with the filter turned around.
 */
export const depthwiseBackpropInput = trainingKernel<'dy' | 'filter', tf.DepthwiseConv2dNativeBackpropInputAttrs>(
  tf.DepthwiseConv2dNativeBackpropInput,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    const { strides, dilations, pad, dimRoundingMode, inputShape } = attrs;
    const shape = filter.shape as Shape4;
    const info = tf.backend_util.computeConv2DInfo(inputShape, shape, strides, dilations, pad, dimRoundingMode, true);
    const [batch, outHeight, outWidth, outChannels] = dy.shape as Shape4;
    const { inHeight, inWidth, inChannels, padInfo, strideHeight, strideWidth } = info;
    const [reachY, reachX] = [info.effectiveFilterHeight - 1, info.effectiveFilterWidth - 1];
    const spread = allocateZeros(backend, [batch, inHeight + reachY, inWidth + reachX, outChannels]);
    const target = backend.typedArrayFromHeap(spread);
    const source = backend.typedArrayFromHeap(dy);
    for (let row = 0; row < batch * outHeight; row++) {
      const y = (row % outHeight) * strideHeight + reachY - padInfo.top;
      // Windows that lie in the padding altogether reach no pixel.
      if (y < 0 || y >= inHeight + reachY) continue;
      const start = (Math.floor(row / outHeight) * (inHeight + reachY) + y) * (inWidth + reachX);
      for (let column = 0; column < outWidth; column++) {
        const x = column * strideWidth + reachX - padInfo.left;
        if (x < 0 || x >= inWidth + reachX) continue;
        const [from, to] = [(row * outWidth + column) * outChannels, (start + x) * outChannels];
        for (let i = 0; i < outChannels; i++) target[to + i] = source[from + i] as number;
      }
    }
    const turned = tf.reverse(tf.reshape(filter, [shape[0], shape[1], outChannels, 1]), [0, 1]) as tf.Tensor4D;
    const perOutput = tf.depthwiseConv2d(spread as tf.Tensor4D, turned, 1, 'valid', 'NHWC', dilations);
    if (outChannels === inChannels) return perOutput;
    return tf.sum(tf.reshape(perOutput, [...inputShape, outChannels / inChannels]), -1);
  },
);
