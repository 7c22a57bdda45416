import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, kernel } from '../shared/kernel.ts';

/**
 * Running sums and products from the end. tfjs keeps a shader of theirs for the size that it was first asked for, and
 * uses it for every other one; from the front it is right.
 */
function backwards(
  kernelName: string,
  forwards: (x: tf.Tensor, axis?: number, exclusive?: boolean) => tf.Tensor,
): Kernel {
  return kernel<'x', tf.CumsumAttrs>(kernelName, ({ inputs: { x }, attrs: { axis, exclusive, reverse } }) =>
    reverse ? tf.reverse(forwards(tf.reverse(x, axis), axis, exclusive), axis) : undefined,
  );
}

/** Products over axes that stay: tfjs forgets them where it computes few numbers on the processor. */
const prod = kernel<'x', tf.ProdAttrs>(tf.Prod, ({ inputs: { x }, attrs: { axis, keepDims } }) => {
  if (!keepDims) return undefined;
  const axes = tf.util.parseAxisParam(axis, x.shape);
  return tf.reshape(
    tf.prod(x, axes),
    x.shape.map((size, i) => (axes.includes(i) ? 1 : size)),
  );
});

/** What replaces reductions of tfjs' WebGPU backend. */
export const reductionKernels: readonly Kernel[] = [
  backwards(tf.Cumsum, tf.cumsum),
  backwards(tf.Cumprod, tf.cumprod),
  prod,
];
