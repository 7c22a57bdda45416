import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';
import type { Kernel } from './kernel.ts';

/** How many numbers of unfolded windows are made at a time: 32 MB. */
const chunkSize = 8 * 1024 * 1024;

/** Refuses what the kernels do not do. */
export function assertChannelsLast(kernel: string, dataFormat: string | undefined): void {
  if (!dataFormat || dataFormat === 'NHWC') return;
  throw new TransferError('UNSUPPORTED', `${kernel} on wasm received data in ${dataFormat}; it reads NHWC. Build the layers with dataFormat 'channelsLast'.`);
}

/** `a^T b`, the operand transposed first: tfjs' product with a transposed operand is ten times slower (trap T17). */
const transposedProduct = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(tf.transpose(a), b);

/**
 * The gradient of a convolution's filter: windows of the input, unfolded (im2col) for some pictures at a time, times the
 * gradient of the output.
 */
export const conv2dBackpropFilter: Kernel<'x' | 'dy'> = ({ inputs: { x, dy }, attrs, backend }) => {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as never as {
    strides: [number, number]; pad: 'same'; dataFormat: 'NHWC'; dimRoundingMode: 'floor'; filterShape: [number, number, number, number];
  };
  assertChannelsLast('Conv2DBackpropFilter', dataFormat);
  const info = tf.backend_util.computeConv2DInfo(x.shape as [number, number, number, number], filterShape, strides, 1, pad, dimRoundingMode, false);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const isPointwise = filterHeight * filterWidth * strideHeight * strideWidth === 1 && outHeight * outWidth === inHeight * inWidth;
  if (isPointwise) return tf.tidy(() => tf.reshape(transposedProduct(tf.reshape(x, [-1, inChannels]), tf.reshape(dy, [-1, outChannels])), filterShape));

  const width = filterHeight * filterWidth * inChannels;
  const positions = outHeight * outWidth;
  const unfold = (first: number, count: number): tf.Tensor2D => {
    const windows = new Float32Array(count * positions * width);
    const source = backend.typedArrayFromHeap(x);
    let row = 0;
    for (let b = first; b < first + count; b++) {
      for (let oy = 0; oy < outHeight; oy++) {
        for (let ox = 0; ox < outWidth; ox++, row += width) {
          const left = ox * strideWidth - padInfo.left;
          const [from, to] = [Math.max(0, -left), Math.min(filterWidth, inWidth - left)];
          if (from >= to) continue;
          for (let r = 0; r < filterHeight; r++) {
            const y = oy * strideHeight - padInfo.top + r;
            if (y < 0 || y >= inHeight) continue;
            const at = ((b * inHeight + y) * inWidth + left + from) * inChannels;
            windows.set(source.subarray(at, at + (to - from) * inChannels), row + (r * filterWidth + from) * inChannels);
          }
        }
      }
    }
    return tf.tensor2d(windows, [count * positions, width]);
  };
  return tf.tidy(() => {
    const step = Math.max(1, Math.floor(chunkSize / (positions * width)));
    let sum: tf.Tensor = tf.zeros([width, outChannels]);
    for (let first = 0; first < batchSize; first += step) {
      const count = Math.min(step, batchSize - first);
      const old = sum;
      sum = tf.tidy(() => {
        const part = tf.slice(dy, [first, 0, 0, 0], [count, outHeight, outWidth, outChannels]);
        return tf.add(old, transposedProduct(unfold(first, count), tf.reshape(part, [-1, outChannels])));
      });
      old.dispose();
    }
    return tf.reshape(sum, filterShape);
  });
};

/**
 * The gradient of a convolution's input where the filter is one pixel: a product. Other filters are left to tfjs.
 *
 * @param original tfjs' own kernel.
 */
export const conv2dBackpropInput = (original: Kernel<'dy' | 'filter'>): Kernel<'dy' | 'filter'> => (call) => {
  const { dy, filter } = call.inputs;
  const { strides, inputShape, dataFormat } = call.attrs as never as { strides: number | [number, number]; inputShape: number[]; dataFormat: string };
  const [height, width, inChannels, outChannels] = filter.shape as [number, number, number, number];
  const isPointwise = height * width === 1 && [strides].flat().every((stride) => stride === 1) && dataFormat === 'NHWC';
  if (!isPointwise || inputShape[1] !== dy.shape[1] || inputShape[2] !== dy.shape[2]) return original(call);
  return tf.tidy(() => {
    const transposed = tf.transpose(tf.reshape(filter, [inChannels, outChannels]));
    return tf.reshape(tf.matMul(tf.reshape(dy, [-1, outChannels]), transposed), inputShape);
  });
};
