import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../core/optimizer.ts';
import { squareSum } from './square-sum.ts';
import { total } from './total.ts';

/**
 * The square root of the sum of all squares.
 *
 * @param tensors The tensors by key.
 * @returns A scalar.
 */
export function globalNorm(tensors: Tensors): tf.Scalar {
  return tf.sqrt(total(Object.values(tensors).map(squareSum)));
}
