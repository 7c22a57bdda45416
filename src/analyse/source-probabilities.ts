import * as tf from '@tensorflow/tfjs-core';
import type { Base } from '../core/handle.ts';
import { download } from '../model/device.ts';
import type { BaseFeatures } from './features-of.ts';
import type { Matrix } from './matrix.ts';

/**
 * What the classifier that was cut off a base says about examples, from the features that the base's head reads.
 *
 * @param base The base.
 * @param features The features, pooled by their mean.
 * @returns A row of probabilities for each example. Undefined where the base has no such classifier: none was cut, it is no
 * softmax over one dense layer, or it pools in another way.
 */
export async function sourceProbabilities(base: Base, { values, shape }: BaseFeatures): Promise<Matrix | undefined> {
  const { pooling, weights = {} } = base.sourceHead ?? {};
  const kernel = Object.entries(weights).find(([key]) => key.endsWith('/kernel'))?.[1];
  const bias = Object.entries(weights).find(([key]) => key.endsWith('/bias'))?.[1];
  const reads = pooling === 'mean' || (pooling === 'none' && base.outputShape.length === 1);
  const columns = kernel?.shape.at(-1) ?? 0;
  // The kernel of a convolution over one pixel is a dense one.
  if (!reads || !kernel || kernel.size !== shape[1] * columns) return undefined;
  const probabilities = tf.tidy(() => {
    const logits = tf.matMul(tf.tensor2d(values, [...shape]), tf.reshape<tf.Rank.R2>(kernel, [shape[1], columns]));
    return tf.softmax(bias ? tf.add(logits, bias) : logits);
  });
  try {
    return { rows: shape[0], columns, values: Float64Array.from(await download(probabilities)) };
  } finally {
    probabilities.dispose();
  }
}
