import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, gradient } from './gradient.ts';
import { aroundAxis, spread, withSize } from './spread.ts';

/** Puts the gradient back where a slice with steps took from. tfjs has no gradient for it (T26). */
const stridedSlice = gradient<tf.StridedSliceAttrs>(tf.StridedSlice, { inputs: ['x'] }, (dy, [x], attributes) => ({
  x: () => {
    const { shape } = x as tf.Tensor;
    if (dy.size === 0) return tf.zeros(shape);
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
    const taken = tf.slice_util.sliceInfo(shape, begin, end, strides, ...masks);
    const sizes = shape.map((_, axis) =>
      countOf(taken.begin[axis] as number, taken.end[axis] as number, taken.strides[axis] as number),
    );
    return shape.reduce(
      (result: tf.Tensor, size, axis) =>
        spread(result, axis, taken.begin[axis] as number, taken.strides[axis] as number, size),
      tf.reshape(dy, sizes),
    );
  },
}));

const countOf = (begin: number, end: number, step: number) => Math.max(0, Math.ceil((end - begin) / step));

/** Sums over the repetitions, one axis at a time. That of tfjs ends at four axes. */
const tile = gradient<tf.TileAttrs>(tf.Tile, { inputs: ['x'] }, (dy, [x], { reps }) => ({
  x: () =>
    reps.reduce(
      (result: tf.Tensor, times, axis) => {
        if (times === 1) return result;
        const [before, size, behind] = aroundAxis(result.shape, axis);
        const once = size / times;
        return tf.reshape(
          tf.sum(tf.reshape(result, [before, times, once * behind]), 1),
          withSize(result.shape, axis, once),
        );
      },
      tf.reshape(dy, tiledShape((x as tf.Tensor).shape, reps)),
    ),
}));

const tiledShape = (shape: readonly number[], reps: readonly number[]) =>
  shape.map((size, axis) => size * (reps[axis] as number));

/** Adds what was mirrored to where it came from. That of tfjs leaves it out. */
const mirrorPad = gradient<tf.MirrorPadAttrs>(tf.MirrorPad, { inputs: ['x'] }, (dy, [x], { paddings, mode }) => ({
  x: () =>
    paddings.reduce((result: tf.Tensor, [front, back], axis) => {
      const size = (x as tf.Tensor).shape[axis] as number;
      const [before, length, behind] = aroundAxis(result.shape, axis);
      const rows = tf.reshape(result, [before, length, behind]) as tf.Tensor3D;
      const edge = mode === 'reflect' ? 1 : 0;
      const mirrored = (from: number, count: number, to: number) => {
        const part = tf.reverse(tf.slice(rows, [0, from, 0], [before, count, behind]), 1);
        return tf.pad(part, [
          [0, 0],
          [to, size - to - count],
          [0, 0],
        ]);
      };
      const parts = [tf.slice(rows, [0, front, 0], [before, size, behind]) as tf.Tensor];
      if (front > 0) parts.push(mirrored(0, front, edge));
      if (back > 0) parts.push(mirrored(front + size, back, size - edge - back));
      return tf.reshape(tf.addN(parts), withSize(result.shape, axis, size));
    }, dy),
}));

/** Takes blocks of places apart into channels again. tfjs has no gradient for it (T26). */
const depthToSpace = gradient<tf.DepthToSpaceAttrs>(
  tf.DepthToSpace,
  { inputs: ['x'] },
  (dy, [x], { blockSize, dataFormat }) => ({
    x: () => {
      const { shape } = x as tf.Tensor4D;
      const [batch, height, width, depth] = dataFormat === 'NHWC' ? shape : channelsLast(shape);
      const channels = depth / blockSize ** 2;
      const pictures = dataFormat === 'NHWC' ? dy : tf.transpose(dy, [0, 2, 3, 1]);
      const blocks = tf.reshape(pictures, [batch * height, blockSize, width, blockSize * channels]);
      const result = tf.reshape(tf.transpose(blocks, [0, 2, 1, 3]), [batch, height, width, depth]);
      return dataFormat === 'NHWC' ? result : tf.transpose(result, [0, 3, 1, 2]);
    },
  }),
);

const channelsLast = ([batch, depth, height, width]: readonly [number, number, number, number]) =>
  [batch, height, width, depth] as const;

/** The gradients of what moves numbers about. */
export const layoutGradients: readonly Gradient[] = [stridedSlice, tile, mirrorPad, depthToSpace];
