import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.ts';
import type { Shape4, Shape5 } from './shapes.ts';
import { type Windows, windowsOfPictures, windowsOfVolumes } from './windows.ts';

/** For each window along an axis, how many times as large it is as what of it lies inside. */
function excess({ input, output, window, stride, padding }: Windows, axis: 0 | 1 | 2): number[] {
  return Array.from({ length: output[axis] }, (_, place) => {
    const first = place * stride[axis] - padding[axis];
    return window[axis] / (Math.min(input[axis], first + window[axis]) - Math.max(0, first));
  });
}

/** Scales each place of an axis by a number of its own. */
function scaled(tensor: tf.Tensor, axis: number, factors: readonly number[]): tf.Tensor {
  if (factors.every((factor) => factor === 1)) return tensor;
  const shape = tensor.shape.map((_, i) => (i === axis ? factors.length : 1));
  return tf.mul(tensor, tf.tensor([...factors], shape));
}

const avgPoolGradient = kernel<'dy' | 'input', tf.AvgPoolGradAttrs>(
  tf.AvgPoolGrad,
  ({ inputs: { dy, input }, attrs: { filterSize, strides, pad } }, before) => {
    const info = tf.backend_util.computePool2DInfo(input.shape as Shape4, filterSize, strides, 1, pad);
    const windows = windowsOfPictures(info, dy.shape as Shape4);
    return before({ dy: scaled(scaled(dy, 1, excess(windows, 1)), 2, excess(windows, 2)), input });
  },
);

const avgPool3dGradient = kernel<'dy' | 'input', tf.AvgPool3DGradAttrs>(
  tf.AvgPool3DGrad,
  ({ inputs: { dy, input }, attrs: { filterSize, strides, pad, dimRoundingMode } }, before) => {
    const shape = input.shape as Shape5;
    const info = tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const windows = windowsOfVolumes(info, dy.shape as Shape5);
    const axes = [0, 1, 2] as const;
    return before({ dy: axes.reduce((tensor, axis) => scaled(tensor, axis + 1, excess(windows, axis)), dy), input });
  },
);

/**
 * The gradients of average pooling. A window at the edge is the average of what of it lies inside, which those of tfjs
 * forget where the pictures are padded: they take it for a whole one.
 */
export const averagePoolGradients = [avgPoolGradient, avgPool3dGradient] as const;
