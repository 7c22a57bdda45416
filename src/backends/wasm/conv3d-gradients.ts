import * as tf from '@tensorflow/tfjs-core';
import type { Shape5 } from '../shared/shapes.ts';
import { windowsOfVolumes } from '../shared/windows.ts';
import { filterGradient, inputGradient } from './convolution.ts';
import { trainingKernel } from './kernel.ts';

/** tfjs declares padding as text; numbers pass all the same, in its operations and here. */
type Padding = 'valid' | 'same';

/** The gradient of a 3-D convolution's filter. That of tfjs leaves out the last windows of a stride (T25). */
export const conv3dBackpropFilter = trainingKernel<'x' | 'dy', tf.Conv3DBackpropFilterV2Attrs>(
  tf.Conv3DBackpropFilterV2,
  ({ inputs: { x, dy }, attrs: { strides, pad, filterShape }, backend }) => {
    const info = tf.backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, strides, 1, pad as Padding);
    return filterGradient(backend, x, dy, windowsOfVolumes(info, dy.shape as Shape5), filterShape);
  },
);

/** The gradient of a 3-D convolution's input. That of tfjs leaves out windows, and reads beyond the filter (T25). */
export const conv3dBackpropInput = trainingKernel<'dy' | 'filter', tf.Conv3DBackpropInputV2Attrs>(
  tf.Conv3DBackpropInputV2,
  ({ inputs: { dy, filter }, attrs: { strides, pad, inputShape }, backend }) => {
    const info = tf.backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, strides, 1, pad as Padding);
    return inputGradient(backend, dy, filter, windowsOfVolumes(info, dy.shape as Shape5), inputShape);
  },
);
