import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, gradient } from './gradient.ts';
import { sumToShape } from './sum-to-shape.ts';

/** The gradient of a product of matrices. That of tfjs forgets to sum over batches that were broadcast (T26). */
const matMul = gradient<tf.BatchMatMulAttrs>(
  tf.BatchMatMul,
  { inputs: ['a', 'b'] },
  (dy, kept, { transposeA, transposeB }) => {
    const [a, b] = kept as readonly [tf.Tensor, tf.Tensor];
    return {
      a: () =>
        sumToShape(transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB), a.shape),
      b: () =>
        sumToShape(transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false), b.shape),
    };
  },
);

/**
 * The gradient of a sum of products by Einstein's convention, which tfjs does not have (T26): that of an operand is the
 * product of the output's with the other operand, summed over what the operand has no letter for.
 */
const einsum: Gradient = {
  kernelName: tf.Einsum,
  saveAllInputs: true,
  gradFunc: (dy, operands, attributes) => {
    const [left, output] = (attributes as unknown as tf.EinsumAttrs).equation.replaceAll(' ', '').split('->');
    const letters = (left as string).split(',');
    const derive = (index: number) => () => {
      const wanted = letters[index] as string;
      const others = [dy as tf.Tensor, ...operands.filter((_, i) => i !== index)];
      const sources = [output as string, ...letters.filter((_, i) => i !== index)];
      const found = [...wanted].filter((letter) => sources.some((source) => source.includes(letter)));
      const sum = tf.einsum(`${sources.join(',')}->${found.join('')}`, ...others);
      // What was summed within one operand alone gets the same gradient everywhere.
      const { shape } = operands[index] as tf.Tensor;
      const kept = shape.map((size, axis) => (found.includes(wanted[axis] as string) ? size : 1));
      return tf.broadcastTo(tf.reshape(sum, kept), shape);
    };
    return Object.fromEntries(operands.map((_, index) => [index, derive(index)]));
  },
  repaired: true,
};

/** The gradients of products over axes. */
export const productGradients: readonly Gradient[] = [matMul, einsum];
