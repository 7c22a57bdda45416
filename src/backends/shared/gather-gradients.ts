import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, gradient } from './gradient.ts';

/** Adds the gradient of what was looked up to where it lies. tfjs has no gradient for it (T26). */
const gatherNd = gradient(tf.GatherNd, { inputs: ['params', 'indices'] }, (dy, [params, indices]) => ({
  params: () => tf.scatterND(indices as tf.Tensor, dy, (params as tf.Tensor).shape),
  indices: () => tf.zerosLike(indices as tf.Tensor),
}));

/**
 * Adds the gradient of rows that were looked up to the rows. That of tfjs needs chained operations where there are
 * batches, each with indices of its own.
 */
const gather = gradient<tf.GatherV2Attrs>(
  tf.GatherV2,
  { inputs: ['x', 'indices'] },
  (dy, kept, { axis, batchDims }) => ({
    x: () => {
      const [x, indices] = kept as readonly [tf.Tensor, tf.Tensor];
      const [at] = tf.util.parseAxisParam(axis, x.shape) as [number];
      const size = x.shape[at] as number;
      const product = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);
      const batches = product(x.shape.slice(0, batchDims));
      const [before, behind] = [product(x.shape.slice(batchDims, at)), product(x.shape.slice(at + 1))];
      const picks = indices.size / batches;
      const rows = tf.transpose(tf.reshape(dy, [batches, before, picks, behind]), [0, 2, 1, 3]);
      // The rows of each batch follow those of the one before.
      const offsets = () => tf.mul(tf.range(0, batches, 1, 'int32'), tf.scalar(size, 'int32'));
      const segments =
        batches === 1 ? indices : tf.add(tf.reshape(indices, [batches, picks]), tf.reshape(offsets(), [batches, 1]));
      const flat = tf.reshape(rows, [batches * picks, before * behind]);
      const ids = tf.cast(tf.reshape(segments, [-1]), 'int32') as tf.Tensor1D;
      const sums = tf.reshape(tf.unsortedSegmentSum(flat, ids, batches * size), [batches, size, before, behind]);
      return tf.reshape(tf.transpose(sums, [0, 2, 1, 3]), x.shape);
    },
    indices: () => tf.zerosLike(kept[1] as tf.Tensor),
  }),
);

/** The gradients of looking up. */
export const gatherGradients: readonly Gradient[] = [gatherNd, gather];
