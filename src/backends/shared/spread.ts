import * as tf from '@tensorflow/tfjs-core';

const sizeOf = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);

/** An axis of a tensor, with what lies before and behind it taken together. */
export function aroundAxis(
  shape: readonly number[],
  axis: number,
): readonly [before: number, size: number, behind: number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis] as number, sizeOf(shape.slice(axis + 1))];
}

/** The shape with another size of one axis. */
export const withSize = (shape: readonly number[], axis: number, size: number) =>
  shape.map((old, i) => (i === axis ? size : old));

/**
 * Puts `step - 1` zeros behind each place of an axis, then zeros at both ends, up to `size`: the gradient of a slice with steps.
 *
 * @param tensor The tensor.
 * @param axis The axis.
 * @param begin Where the first place of it goes.
 * @param step How far apart they are; they run backwards where it is negative.
 * @param size The size of the axis afterwards.
 */
export function spread(tensor: tf.Tensor, axis: number, begin: number, step: number, size: number): tf.Tensor {
  const [before, places, behind] = aroundAxis(tensor.shape, axis);
  const turned = step < 0 ? tf.reverse(tensor, axis) : tensor;
  const [stride, first] = [Math.abs(step), step < 0 ? begin + (places - 1) * step : begin];
  const apart = tf.pad(tf.reshape(turned, [before, places, 1, behind]), [
    [0, 0],
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  const length = (places - 1) * stride + 1;
  const cut = tf.slice(tf.reshape(apart, [before, places * stride, behind]), [0, 0, 0], [before, length, behind]);
  const padded = tf.pad(cut, [
    [0, 0],
    [first, size - first - length],
    [0, 0],
  ]);
  return tf.reshape(padded, withSize(tensor.shape, axis, size));
}
