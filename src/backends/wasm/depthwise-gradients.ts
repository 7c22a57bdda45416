import * as tf from '@tensorflow/tfjs-core';
import { assertChannelsLast } from './conv-gradients.ts';
import { allocate } from './heap.ts';
import type { Kernel, Shape4D, WindowAttributes } from './kernel.ts';

interface Attributes extends WindowAttributes {
  readonly dilations: number | [number, number];
  readonly dataFormat?: string;
}

const infoOf = (inputShape: Shape4D, filterShape: Shape4D, attrs: Attributes): tf.backend_util.Conv2DInfo => {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, dilations, pad, dimRoundingMode, true);
};

/**
 * Visits every pair of an output and a tap of the filter that falls on the input, with the positions of their first
 * channel: in the output, in the filter and in the input.
 */
function visit(info: tf.backend_util.Conv2DInfo, each: (output: number, tap: number, input: number) => void): void {
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
export const depthwiseBackpropFilter: Kernel<'x' | 'dy', Attributes & { readonly filterShape: Shape4D }> = ({
  inputs: { x, dy },
  attrs,
  backend,
}) => {
  assertChannelsLast('DepthwiseConv2dNativeBackpropFilter', attrs.dataFormat);
  const info = infoOf(x.shape as Shape4D, attrs.filterShape, attrs);
  const { result, numbers, views } = allocate(backend, attrs.filterShape, x, dy);
  const [source, gradient] = views;
  const [channels, multiplier] = [info.inChannels, info.outChannels / info.inChannels];
  visit(info, (output, tap, input) => {
    for (let i = 0, o = 0; i < channels; i++) {
      const value = source[input + i] as number;
      for (let m = 0; m < multiplier; m++, o++)
        (numbers[tap + o] as number) += value * (gradient[output + o] as number);
    }
  });
  return result;
};

/** The gradient of a depthwise convolution's input, for any stride, dilation, padding and channel multiplier. */
export const depthwiseBackpropInput: Kernel<'dy' | 'filter', Attributes & { readonly inputShape: Shape4D }> = ({
  inputs: { dy, filter },
  attrs,
  backend,
}) => {
  assertChannelsLast('DepthwiseConv2dNativeBackpropInput', attrs.dataFormat);
  const info = infoOf(attrs.inputShape, filter.shape as Shape4D, attrs);
  const { result, numbers, views } = allocate(backend, attrs.inputShape, dy, filter);
  const [gradient, weights] = views;
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
