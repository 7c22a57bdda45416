import * as tf from '@tensorflow/tfjs-core';
import type { Loss } from '../core/loss.ts';

/**
 * The value of a loss: a scalar, the mean over the batch.
 *
 * @param loss The loss as data.
 * @param outputs The head's outputs, `[batch, outputs]`: logits for the cross-entropies. Of tokens, `[batch, tokens, outputs]`.
 * @param targets Class indices `[batch]` (int32) for softmax cross-entropy, else `[batch, outputs]`. Of tokens,
 * `[batch, tokens]`, -1 where a token does not count: the mean is over those that do.
 */
export function lossOf(loss: Loss, outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  if (loss.name === 'meanSquaredError') return tf.mean(tf.square(tf.sub(outputs, targets)));
  if (loss.name === 'softmaxCrossEntropy') {
    if (outputs.rank === 3) return ofTokens(loss, outputs, targets);
    return tf.mean(eachOf(loss, outputs, targets as tf.Tensor1D));
  }
  const weights = loss.classWeights && tf.tensor1d([...loss.classWeights]);
  const smooth = tf.add(tf.mul(targets, 1 - loss.labelSmoothing), loss.labelSmoothing / 2);
  // The logarithm of the sigmoid is -softplus(-x), which overflows nowhere.
  const positive = focused(tf.mul(smooth, tf.softplus(tf.neg(outputs))), tf.sigmoid(outputs), loss.gamma);
  const negative = focused(tf.mul(tf.sub(1, smooth), tf.softplus(outputs)), tf.sigmoid(tf.neg(outputs)), loss.gamma);
  const each = tf.add(positive, negative);
  return tf.mean(weights ? tf.mul(each, weights) : each);
}

type CrossEntropy = Exclude<Loss, { readonly name: 'meanSquaredError' }>;

/** The softmax cross-entropy of each row. */
function eachOf({ classWeights, labelSmoothing, gamma }: CrossEntropy, outputs: tf.Tensor, targets: tf.Tensor1D) {
  const classes = outputs.shape[1] as number;
  // Cast: on WASM, oneHot(..., 'float32') holds the bits of integers (trap T23).
  const oneHot = tf.cast(tf.oneHot(targets, classes), 'float32');
  const smooth = tf.add(tf.mul(oneHot, 1 - labelSmoothing), labelSmoothing / classes);
  const each = tf.neg(tf.sum(focused(tf.mul(smooth, tf.logSoftmax(outputs)), tf.softmax(outputs), gamma), -1));
  return classWeights ? tf.mul(each, tf.gather(tf.tensor1d([...classWeights]), targets)) : each;
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
