import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';
import { bringToHeap, type WasmBackend } from './heap.ts';
import type { Kernel, Shape4D, WindowAttributes } from './kernel.ts';

/** How many numbers of unfolded windows are made at a time: 32 MB. */
const chunkSize = 8 * 1024 * 1024;

interface Attributes extends WindowAttributes {
  readonly dataFormat?: string;
}

/** Refuses what the kernels do not do. */
export function assertChannelsLast(kernel: string, dataFormat: string | undefined): void {
  if (!dataFormat || dataFormat === 'NHWC') return;
  throw new TransferError(
    'UNSUPPORTED',
    `${kernel} on wasm received data in ${dataFormat}; it reads NHWC. Build the layers with dataFormat 'channelsLast'.`,
  );
}

/** `a^T b`, the operand transposed first: tfjs' product with a transposed operand is ten times slower (trap T17). */
const transposedProduct = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(tf.transpose(a), b);

/** The windows of some pictures, each a row (im2col). */
function unfold(
  x: tf.Tensor,
  info: tf.backend_util.Conv2DInfo,
  backend: WasmBackend,
  first: number,
  count: number,
): tf.Tensor2D {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  const rows = count * outHeight * outWidth;
  const width = filterHeight * filterWidth * inChannels;
  const windows = new Float32Array(rows * width);
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
          const pixels = source.subarray(at, at + (to - from) * inChannels);
          windows.set(pixels, row + (r * filterWidth + from) * inChannels);
        }
      }
    }
  }
  return tf.tensor2d(windows, [rows, width]);
}

/** The gradient of a convolution's filter: unfolded windows of some pictures at a time, times the output's gradient. */
export const conv2dBackpropFilter: Kernel<'x' | 'dy', Attributes & { readonly filterShape: Shape4D }> = ({
  inputs: { x, dy },
  attrs: { strides, pad, dataFormat, dimRoundingMode, filterShape },
  backend,
}) => {
  assertChannelsLast('Conv2DBackpropFilter', dataFormat);
  const info = tf.backend_util.computeConv2DInfo(x.shape as Shape4D, filterShape, strides, 1, pad, dimRoundingMode);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  const isPointwise =
    filterHeight * filterWidth * strideHeight * strideWidth === 1 && outHeight * outWidth === inHeight * inWidth;
  // tfjs leaves a product over nothing as whatever lay on the heap.
  if (isPointwise && batchSize > 0) {
    return tf.tidy(() => {
      const [pixels, gradient] = [tf.reshape(x, [-1, inChannels]), tf.reshape(dy, [-1, outChannels])];
      return tf.reshape(transposedProduct(pixels as tf.Tensor2D, gradient as tf.Tensor2D), filterShape);
    });
  }
  bringToHeap(backend, x, dy);
  return tf.tidy(() => {
    const width = filterHeight * filterWidth * inChannels;
    const step = Math.max(1, Math.floor(chunkSize / (outHeight * outWidth * width)));
    let sum: tf.Tensor = tf.zeros([width, outChannels]);
    for (let first = 0; first < batchSize; first += step) {
      const count = Math.min(step, batchSize - first);
      const old = sum;
      sum = tf.tidy(() => {
        const part = tf.slice(dy, [first, 0, 0, 0], [count, outHeight, outWidth, outChannels]);
        const gradient = tf.reshape(part, [-1, outChannels]) as tf.Tensor2D;
        return tf.add(old, transposedProduct(unfold(x, info, backend, first, count), gradient));
      });
      old.dispose();
    }
    return tf.reshape(sum, filterShape);
  });
};

/** tfjs' kernel for the gradient of a convolution's input. */
export type InputGradient = Kernel<'dy' | 'filter', Attributes & { readonly inputShape: Shape4D }>;

/**
 * The gradient of a convolution's input where the filter is one pixel: a product. Other filters are left to tfjs.
 *
 * @param original tfjs' own kernel.
 */
export const conv2dBackpropInput =
  (original: InputGradient): InputGradient =>
  (call) => {
    const { dy, filter } = call.inputs;
    const { strides, inputShape, dataFormat } = call.attrs;
    const [height, width, inChannels, outChannels] = filter.shape as Shape4D;
    const isPointwise = height * width === 1 && [strides].flat().every((stride) => stride === 1);
    const keepsSize = inputShape[1] === dy.shape[1] && inputShape[2] === dy.shape[2];
    if (!isPointwise || !keepsSize || dataFormat !== 'NHWC') return original(call);
    return tf.tidy(() => {
      const transposed = tf.transpose(tf.reshape(filter, [inChannels, outChannels]));
      return tf.reshape(tf.matMul(tf.reshape(dy, [-1, outChannels]), transposed), inputShape);
    });
  };
