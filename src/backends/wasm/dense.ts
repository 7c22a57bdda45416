import * as tf from '@tensorflow/tfjs-core';
import { gradient } from '../shared/gradient.ts';
import { kernel } from '../shared/kernel.ts';

/**
 * `x kernel + bias` of rows by one kernel. As an operation of its own it has gradients that are computed where they are
 * asked for: tfjs' fused product computes that of a frozen kernel too, a third of a step.
 */
export const dense = kernel<'x' | 'kernel' | 'bias', unknown>('Dense', ({ inputs: { x, kernel: b, bias } }) =>
  tf.fused.matMul({ a: x as tf.Tensor2D, b: b as tf.Tensor2D, bias }),
);

export const gradientOfDense = gradient('Dense', { inputs: ['x', 'kernel'] }, (dy, kept) => {
  const [x, b] = kept as readonly [tf.Tensor2D, tf.Tensor2D];
  return {
    x: () => tf.matMul(dy as tf.Tensor2D, b, false, true),
    kernel: () => tf.matMul(x, dy as tf.Tensor2D, true),
    bias: () => tf.sum(dy, 0),
  };
});
