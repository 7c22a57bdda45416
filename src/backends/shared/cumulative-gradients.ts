import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, gradient } from './gradient.ts';

/** The gradient of a running sum. That of tfjs comes with its axes exchanged, but for the last one (T26). */
const cumsum = gradient<tf.CumsumAttrs>(tf.Cumsum, {}, (dy, _, { axis, exclusive, reverse }) => ({
  x: () => tf.cumsum(dy, axis, exclusive, !reverse),
}));

/**
 * The gradient of a product over axes: for each number, the product of those before it and of those after it, so that
 * zeros do no harm. That of tfjs needs chained operations (T26).
 */
const prod = gradient<tf.ProdAttrs>(tf.Prod, { inputs: ['x'] }, (dy, [kept], { axis }) => ({
  x: () => {
    const x = kept as tf.Tensor;
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const order = [...others, ...axes];
    const moved = tf.transpose(x, order);
    const rows = tf.reshape(moved, [-1, tf.util.sizeFromShape(axes.map((i) => x.shape[i] as number))]);
    const rest = tf.mul(tf.cumprod(rows, 1, true), tf.cumprod(rows, 1, true, true));
    const slopes = tf.mul(tf.reshape(dy, [-1, 1]), rest);
    return tf.transpose(tf.reshape(slopes, moved.shape), inverse(order));
  },
}));

const inverse = (order: readonly number[]) => order.map((_, axis) => order.indexOf(axis));

/** The largest numbers go back to their places. tfjs has no gradient for it. */
const topK: Gradient = {
  kernelName: tf.TopK,
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [dy] = dys as tf.Tensor[];
    const [x, indices] = saved as [tf.Tensor, tf.Tensor];
    const size = x.shape.at(-1) as number;
    return {
      x: () => {
        const places = tf.cast(tf.oneHot(tf.cast(indices, 'int32'), size), 'float32');
        return tf.sum(tf.mul(places, tf.expandDims(dy as tf.Tensor, -1)), -2);
      },
    };
  },
  repaired: true,
};

/** The gradients of running sums and products, and of sorting. */
export const cumulativeGradients: readonly Gradient[] = [cumsum, prod, topK];
