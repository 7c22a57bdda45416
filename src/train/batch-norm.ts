import * as tf from '@tensorflow/tfjs-core';
import type { BatchNormalization } from '../model/tfjs-internals.ts';

/** Mean and variance of a batch, one number a channel. */
export interface BatchStatistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/**
 * Normalises a batch by its own mean and (biased) variance: the training mode of BatchNormalization (Ioffe and Szegedy,
 * 2015, algorithm 1), which tfjs' layer has no way to do without changing itself (trap T1), or at all without gamma
 * (trap T3).
 *
 * @param layer The layer: its axis, epsilon, gamma and beta are read.
 * @param input The batch.
 */
export function normalizeBatch(
  layer: BatchNormalization,
  input: tf.Tensor,
): { readonly output: tf.Tensor; readonly statistics: BatchStatistics } {
  const axis = layer.axis < 0 ? layer.axis + input.rank : layer.axis;
  const others = input.shape.map((_, index) => index).filter((index) => index !== axis);
  const { mean, variance } = tf.moments(input, others, true);
  const along = (weight: tf.Tensor) => tf.reshape(weight, mean.shape);
  let output = tf.mul(tf.sub(input, mean), tf.rsqrt(tf.add(variance, layer.epsilon)));
  if (layer.gamma) output = tf.mul(output, along(layer.gamma.val));
  if (layer.beta) output = tf.add(output, along(layer.beta.val));
  return { output, statistics: { mean: tf.reshape(mean, [-1]), variance: tf.reshape(variance, [-1]) } };
}

/**
 * The moving statistics after a batch: `moving * momentum + batch * (1 - momentum)`.
 *
 * @param moving The moving mean or variance.
 * @param batch The batch's.
 * @param momentum The layer's momentum.
 */
export function moveStatistic(moving: tf.Tensor, batch: tf.Tensor, momentum: number): tf.Tensor {
  return tf.add(tf.mul(moving, momentum), tf.mul(batch, 1 - momentum));
}
