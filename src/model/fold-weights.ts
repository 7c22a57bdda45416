import * as tf from '@tensorflow/tfjs-core';
import type { Chain } from './fold-chains.ts';
import type { BatchNormalization } from './tfjs-internals.ts';

/** The weights that a chain computes with. */
export interface ChainWeights {
  /** The filter of each operation. */
  readonly filters: readonly tf.Tensor[];
  /** The bias of the last one. */
  readonly bias: tf.Tensor | undefined;
}

/**
 * BatchNormalization by moving statistics as `x s + t`: `s = gamma / sqrt(variance + epsilon)`, `t = beta - mean s`
 * (Ioffe and Szegedy, 2015, algorithm 2, step 11).
 *
 * @param layer The layer.
 * @returns One s and t for each channel.
 */
export function affineOf({ epsilon, gamma, beta, movingMean, movingVariance }: BatchNormalization): {
  readonly scale: tf.Tensor;
  readonly shift: tf.Tensor;
} {
  const inverse = tf.rsqrt(tf.add(movingVariance.val, epsilon));
  const scale = gamma ? tf.mul(inverse, gamma.val) : inverse;
  const shift = tf.neg(tf.mul(movingMean.val, scale));
  return { scale, shift: beta ? tf.add(shift, beta.val) : shift };
}

/**
 * Folds the normalisation of a chain into the operation before it: `W s`, and `b s + t`.
 *
 * @param chain The chain. Its variables are read, on the gradient's tape where there is one.
 * @returns The weights; some may be the variables' own.
 */
export function chainWeights({ operations, normalization }: Chain): ChainWeights {
  const filters = operations.map(({ kernel }) => kernel.val);
  const last = operations.at(-1);
  const bias = last?.bias?.val;
  if (!normalization) return { filters, bias };
  const { scale, shift } = affineOf(normalization);
  if (!last) return { filters: [scale], bias: shift };
  const kernel = last.kernel.val;
  // A depthwise filter has its channels in two axes: those of the input, and several for each.
  const along = last.kind === 'depthwiseConv2d' ? tf.reshape(scale, kernel.shape.slice(-2)) : scale;
  return {
    filters: [...filters.slice(0, -1), tf.mul(kernel, along)],
    bias: bias ? tf.add(tf.mul(bias, scale), shift) : shift,
  };
}
