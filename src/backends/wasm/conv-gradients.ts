import * as tf from '@tensorflow/tfjs-core';
import type { Shape4 } from '../shared/shapes.ts';
import { windowsOfPictures } from '../shared/windows.ts';
import { filterGradient, inputGradient } from './convolution.ts';
import { assertChannelsLast, trainingKernel } from './kernel.ts';

/** The gradient of a convolution's filter, which WASM lacks (trap T11). */
export const conv2dBackpropFilter = trainingKernel<'x' | 'dy', tf.Conv2DBackpropFilterAttrs>(
  tf.Conv2DBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    assertChannelsLast(tf.Conv2DBackpropFilter, attrs.dataFormat);
    const { strides, pad, dimRoundingMode, filterShape } = attrs;
    const info = tf.backend_util.computeConv2DInfo(x.shape as Shape4, filterShape, strides, 1, pad, dimRoundingMode);
    return filterGradient(backend, x, dy, windowsOfPictures(info, dy.shape as Shape4), filterShape);
  },
);

/**
 * The gradient of a convolution's input, which is the transposed convolution too.
 *
 * WASM has it and has it right, but in naive loops: this one is 10 times faster where the filter is one pixel, 3 to 8
 * times where it is 3 by 3.
 */
export const conv2dBackpropInput = trainingKernel<'dy' | 'filter', tf.Conv2DBackpropInputAttrs>(
  tf.Conv2DBackpropInput,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    assertChannelsLast(tf.Conv2DBackpropInput, attrs.dataFormat);
    const { strides, pad, dimRoundingMode, inputShape } = attrs;
    const shape = filter.shape as Shape4;
    const info = tf.backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode);
    return inputGradient(backend, dy, filter, windowsOfPictures(info, dy.shape as Shape4), inputShape);
  },
);
