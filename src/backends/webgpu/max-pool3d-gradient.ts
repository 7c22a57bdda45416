import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../shared/kernel.ts';
import type { Shape5 } from '../shared/shapes.ts';
import { spread } from '../shared/spread.ts';
import { windowsOfVolumes } from '../shared/windows.ts';

/** Smaller than every number in single precision that is finite, but one. */
const lowest = -3.4e38;

/**
 * The gradient of max pooling over volumes, one tap of the windows after another. That of tfjs mistakes the height of a
 * window for its width; where they are alike it is left to it.
 */
export const maxPool3dGradient = kernel<'dy' | 'input' | 'output', tf.MaxPool3DGradAttrs>(
  tf.MaxPool3DGrad,
  ({ inputs: { dy, input, output }, attrs: { filterSize, strides, pad, dimRoundingMode } }) => {
    const shape = input.shape as Shape5;
    const info = tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    if (info.filterHeight === info.filterWidth) return undefined;
    const { window, stride, padding } = windowsOfVolumes(info, dy.shape as Shape5);
    const outputs = dy.shape.slice(1, 4) as [number, number, number];
    const sizes = outputs.map((count, axis) => (count - 1) * (stride[axis] as number) + (window[axis] as number));
    const margins = sizes.map((size, axis): [number, number] => {
      const before = padding[axis] as number;
      return [before, Math.max(0, size - before - (shape[axis + 1] as number))];
    });
    const padded = tf.pad(input, [[0, 0], ...margins, [0, 0]], lowest);
    let open: tf.Tensor = tf.onesLike(dy);
    let result: tf.Tensor = tf.zerosLike(padded);
    for (let tap = 0; tap < window[0] * window[1] * window[2]; tap++) {
      const at = [Math.floor(tap / (window[1] * window[2])), Math.floor(tap / window[2]) % window[1], tap % window[2]];
      const end = at.map((first, axis) => first + ((outputs[axis] as number) - 1) * (stride[axis] as number) + 1);
      const seen = tf.stridedSlice(padded, [0, ...at, 0], [shape[0], ...end, shape[4]], [1, ...stride, 1]);
      // Of several places with the same number, the first has all.
      const taken = tf.mul(open, tf.cast(tf.equal(seen, output), 'float32'));
      open = tf.sub(open, taken);
      const given = at.reduce(
        (tensor, first, axis) =>
          spread(tensor, axis + 1, first, stride[axis] as number, padded.shape[axis + 1] as number),
        tf.mul(dy, taken),
      );
      result = tf.add(result, given);
    }
    return tf.slice(result, [0, ...padding, 0], shape);
  },
);
