import * as tf from '@tensorflow/tfjs-core';
import type { Base } from '../core/handle.ts';
import { download } from '../model/device.ts';
import type { BaseFeatures } from './features-of.ts';
import type { Matrix } from './matrix.ts';

/** The classifier that was cut off a base, as one product of what the base's head reads. */
interface OldHead {
  /** `[features, classes]` numbers in some shape; the base's. */
  readonly kernel: tf.Tensor;
  readonly bias: tf.Tensor | undefined;
  readonly classes: number;
}

/**
 * Finds the classifier that was cut off a base.
 *
 * @param base The base.
 * @returns Undefined where the base has no such classifier: none was cut, it is no softmax over one dense layer, or it pools
 * otherwise than by the mean.
 */
export function oldHead(base: Base): OldHead | undefined {
  const { pooling, weights = {} } = base.sourceHead ?? {};
  const kernel = Object.entries(weights).find(([key]) => key.endsWith('/kernel'))?.[1];
  const bias = Object.entries(weights).find(([key]) => key.endsWith('/bias'))?.[1];
  const reads = pooling === 'mean' || (pooling === 'none' && base.outputShape.length === 1);
  const classes = kernel?.shape.at(-1) ?? 0;
  // The kernel of a convolution over one pixel is a dense one.
  if (!reads || !kernel || kernel.size !== (base.outputShape.at(-1) ?? 0) * classes) return undefined;
  return { kernel, bias, classes };
}

/**
 * What the classifier that was cut off a base says about examples, from the features that the base's head reads.
 *
 * @param base The base.
 * @param features The features, pooled by their mean.
 * @param temperature What logits are divided by.
 * @returns A row of probabilities for each example. Undefined where the base has no such classifier.
 */
export async function sourceProbabilities(
  base: Base,
  { values, shape }: BaseFeatures,
  temperature = 1,
): Promise<Matrix | undefined> {
  const head = oldHead(base);
  if (!head) return undefined;
  const { kernel, bias, classes } = head;
  const probabilities = tf.tidy(() => {
    const logits = tf.matMul(tf.tensor2d(values, [...shape]), tf.reshape<tf.Rank.R2>(kernel, [shape[1], classes]));
    return tf.softmax(tf.div(bias ? tf.add(logits, bias) : logits, temperature));
  });
  try {
    return { rows: shape[0], columns: classes, values: Float64Array.from(await download(probabilities)) };
  } finally {
    probabilities.dispose();
  }
}
