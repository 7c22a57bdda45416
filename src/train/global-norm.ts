import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../core/optimizer.ts';
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

/** The sum of the squares of a tensor's numbers; by one kernel where the backend has it. */
function squareSum(x: tf.Tensor): tf.Scalar {
  if (tf.getKernel('SquareSum', tf.getBackend())) return tf.engine().runKernel('SquareSum', { x }) as tf.Scalar;
  return tf.sum<tf.Scalar>(tf.square(x));
}
