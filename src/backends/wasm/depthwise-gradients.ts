import * as tf from '@tensorflow/tfjs-core';
import { assertChannelsLast } from './conv-gradients.ts';
import { allocate } from './heap.ts';
import type { Kernel } from './kernel.ts';

interface Attributes {
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: 'same';
  readonly dimRoundingMode?: 'floor';
  readonly dataFormat?: string;
  readonly filterShape: [number, number, number, number];
  readonly inputShape: [number, number, number, number];
}

/**
 * Visits every pair of an output and a tap of the filter that falls on the input, with the positions of their first
 * channel: in the output, in the filter and in the input.
 */
function visit(
  info: tf.backend_util.Conv2DInfo,
  each: (output: number, tap: number, input: number) => void,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } = info;
  for (let b = 0; b < batchSize; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let r = 0; r < filterHeight; r++) {
        const y = oy * strideHeight - padInfo.top + r * dilationHeight;
        if (y < 0 || y >= inHeight) continue;
        for (let ox = 0; ox < outWidth; ox++) {
          for (let c = 0; c < filterWidth; c++) {
            const x = ox * strideWidth - padInfo.left + c * dilationWidth;
            if (x < 0 || x >= inWidth) continue;
            each(
              ((b * outHeight + oy) * outWidth + ox) * outChannels,
              (r * filterWidth + c) * outChannels,
              ((b * inHeight + y) * inWidth + x) * inChannels,
            );
          }
        }
      }
    }
  }
}

/** The gradient of a depthwise convolution's filter, for any stride, dilation, padding and channel multiplier. */
export const depthwiseBackpropFilter: Kernel<'x' | 'dy'> = ({ inputs: { x, dy }, attrs, backend }) => {
  const { strides, dilations, pad, dimRoundingMode, dataFormat, filterShape } = attrs as Attributes;
  assertChannelsLast('DepthwiseConv2dNativeBackpropFilter', dataFormat);
  const info = tf.backend_util.computeConv2DInfo(x.shape as Attributes['inputShape'], filterShape, strides, dilations, pad, dimRoundingMode, true);
  const { result, numbers, views } = allocate(backend, filterShape, x, dy);
  const [source, gradient] = views as [Float32Array, Float32Array];
  const [channels, multiplier] = [info.inChannels, info.outChannels / info.inChannels];
  visit(info, (output, tap, input) => {
    for (let i = 0, o = 0; i < channels; i++) {
      const value = source[input + i] as number;
      for (let m = 0; m < multiplier; m++, o++) (numbers[tap + o] as number) += value * (gradient[output + o] as number);
    }
  });
  return result;
};

/** The gradient of a depthwise convolution's input, for any stride, dilation, padding and channel multiplier. */
export const depthwiseBackpropInput: Kernel<'dy' | 'filter'> = ({ inputs: { dy, filter }, attrs, backend }) => {
  const { strides, dilations, pad, dimRoundingMode, dataFormat, inputShape } = attrs as Attributes;
  assertChannelsLast('DepthwiseConv2dNativeBackpropInput', dataFormat);
  const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape as Attributes['filterShape'], strides, dilations, pad, dimRoundingMode, true);
  const { result, numbers, views } = allocate(backend, inputShape, dy, filter);
  const [gradient, weights] = views as [Float32Array, Float32Array];
  const [channels, multiplier] = [info.inChannels, info.outChannels / info.inChannels];
  visit(info, (output, tap, input) => {
    for (let i = 0, o = 0; i < channels; i++) {
      let sum = 0;
      for (let m = 0; m < multiplier; m++, o++) sum += (gradient[output + o] as number) * (weights[tap + o] as number);
      (numbers[input + i] as number) += sum;
    }
  });
  return result;
};
