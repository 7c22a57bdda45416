import * as tf from '@tensorflow/tfjs-core';
import type { LayerInfo, WeightInfo, WeightKey } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { randomStream } from '../core/random.ts';

/**
 * The first values of weights that no layer has.
 *
 * @param layers The layers.
 * @param values The weights that are there.
 * @returns Those that are not; the caller disposes them.
 */
export function firstValues(layers: readonly LayerInfo[], values: Tensors): Tensors {
  const missing = layers.flatMap(({ weights }) => weights.filter(({ key }) => !(key in values)));
  return Object.fromEntries(
    missing.flatMap(({ key, shape, first }) => (first === undefined ? [] : [[key, firstValue(key, shape, first)]])),
  );
}

function firstValue(key: WeightKey, shape: readonly number[], first: NonNullable<WeightInfo['first']>): tf.Tensor {
  if (typeof first === 'number') return tf.fill([...shape], first);
  const random = randomStream(first.seed, key);
  const size = tf.util.sizeFromShape([...shape]);
  return tf.tensor(
    Float32Array.from({ length: size }, () => (2 * random() - 1) * first.limit),
    [...shape],
  );
}
