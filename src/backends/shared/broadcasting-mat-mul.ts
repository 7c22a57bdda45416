import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.ts';

/**
 * The product of batches of matrices where each side is broadcast along an axis of its own, or one along some axes only:
 * many heads of queries on one head of keys. tfjs takes wrong pairs there, or fails.
 */
export const broadcastingMatMul = kernel<'a' | 'b', tf.BatchMatMulAttrs>(tf.BatchMatMul, ({ inputs, attrs }) =>
  broadcastProduct(inputs, attrs),
);

/** The same as a function; undefined where each side is whole or one matrix, which tfjs does right. */
export function broadcastProduct(
  { a, b }: Readonly<Record<'a' | 'b', tf.Tensor>>,
  { transposeA, transposeB }: tf.BatchMatMulAttrs,
): tf.Tensor | undefined {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const all = tf.util.sizeFromShape(batch);
  const sizes = [batchA, batchB].map((shape) => tf.util.sizeFromShape(shape));
  if (sizes.every((size) => size === 1 || size === all)) return undefined;
  const whole = (tensor: tf.Tensor) => tf.broadcastTo(tensor, [...batch, ...tensor.shape.slice(-2)]);
  return tf.matMul(whole(a), whole(b), transposeA, transposeB);
}
