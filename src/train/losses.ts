import * as tf from '@tensorflow/tfjs-core';
import type { Loss } from '../core/loss.ts';

/**
 * The value of a loss: a scalar, the mean over the batch.
 *
 * @param loss The loss as data.
 * @param outputs The head's outputs, `[batch, outputs]`: logits for the cross-entropies. Of tokens, `[batch, tokens, outputs]`.
 * @param targets `[batch, outputs]`; for softmax cross-entropy class indices `[batch]` (int32) as well. Of tokens,
 * `[batch, tokens]`, -1 where a token does not count: the mean is over those that do.
 */
export function lossOf(loss: Loss, outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  if (loss.name === 'meanSquaredError') return tf.mean(tf.square(tf.sub(outputs, targets)));
  if (loss.name === 'softmaxCrossEntropy') {
    if (outputs.rank === 3) return ofTokens(loss, outputs, targets);
    return tf.mean(eachOf(loss, outputs, targets));
  }
  const weights = loss.classWeights && tf.tensor1d([...loss.classWeights]);
  const smooth = tf.add(tf.mul(targets, 1 - loss.labelSmoothing), loss.labelSmoothing / 2);
  // The logarithm of the sigmoid is -softplus(-x), which overflows nowhere.
  const positive = focused(tf.mul(smooth, tf.softplus(tf.neg(outputs))), tf.sigmoid(outputs), loss.gamma);
  const negative = focused(tf.mul(tf.sub(1, smooth), tf.softplus(outputs)), tf.sigmoid(tf.neg(outputs)), loss.gamma);
  const each = tf.add(positive, negative);
  return tf.mean(weights ? tf.mul(each, weights) : each);
}

/**
 * Targets of a classifier as probabilities, `[batch, classes]`.
 *
 * @param targets Class indices `[batch]` (int32), or probabilities already.
 * @param classes How many classes there are.
 */
export function asProbabilities(targets: tf.Tensor, classes: number): tf.Tensor2D {
  if (targets.rank === 2) return targets as tf.Tensor2D;
  // Cast: on WASM, oneHot(..., 'float32') holds the bits of integers (trap T23).
  return tf.cast(tf.oneHot(targets as tf.Tensor1D, classes), 'float32') as tf.Tensor2D;
}

/**
 * The cross-entropy of probabilities with the softmax of logits, the mean over the batch.
 *
 * @param wanted The probabilities, `[batch, classes]`.
 * @param logits The logits, `[batch, classes]`.
 */
export function crossEntropy(wanted: tf.Tensor2D, logits: tf.Tensor2D): tf.Scalar {
  return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(wanted, tf.logSoftmax(logits)), -1)));
}

type CrossEntropy = Exclude<Loss, { readonly name: 'meanSquaredError' }>;

/** The softmax cross-entropy of each row. */
function eachOf({ classWeights, labelSmoothing, gamma }: CrossEntropy, outputs: tf.Tensor, targets: tf.Tensor) {
  const classes = outputs.shape[1] as number;
  const shares = asProbabilities(targets, classes);
  // Weighted before all else, so that the loss of a mixture is the mixture of losses.
  const weighted = classWeights ? tf.mul(shares, tf.tensor1d([...classWeights])) : shares;
  const spread = tf.mul(tf.sum(weighted, -1, true), labelSmoothing / classes);
  const smooth = tf.add(tf.mul(weighted, 1 - labelSmoothing), spread);
  return tf.neg(tf.sum(focused(tf.mul(smooth, tf.logSoftmax(outputs)), tf.softmax(outputs), gamma), -1));
}

/** The mean over the tokens that count, as PyTorch has it with `ignore_index`; 0 where none does. */
function ofTokens(loss: CrossEntropy, outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  const flat = tf.reshape(targets, [-1]) as tf.Tensor1D;
  const counts = tf.cast(tf.greaterEqual(flat, 0), 'float32');
  const rows = tf.reshape(outputs, [-1, outputs.shape[2] as number]);
  const some = tf.cast(tf.relu(tf.cast(flat, 'float32')), 'int32') as tf.Tensor1D;
  const each = eachOf(loss, rows, some);
  return tf.div(tf.sum(tf.mul(each, counts)), tf.maximum(tf.sum(counts), 1));
}

/** `(1 - p)^gamma` times the terms of a loss. */
const focused = (terms: tf.Tensor, probability: tf.Tensor, gamma = 0) =>
  gamma === 0 ? terms : tf.mul(terms, tf.pow(tf.sub(1, probability), gamma));
