import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../shared/kernel.ts';

/** What is used of tfjs' WebGPU backend: how the numbers of a tensor lie in memory, whatever the tensor says. */
interface WebgpuBackend {
  readonly tensorMap: { get(id: tf.DataId): { readonly dtype: tf.DataType } | undefined };
}

/**
 * Exchanges the axes of masks and whole numbers, also where they were cast, which leaves them in memory as they are. The
 * shader of tfjs does not compile for them, so that recurrent layers with a mask fail.
 */
export const transpose = kernel<'x', tf.TransposeAttrs, WebgpuBackend>(
  tf.Transpose,
  ({ inputs: { x }, attrs: { perm }, backend }) => {
    const stored = backend.tensorMap.get(x.dataId)?.dtype;
    if (stored !== 'int32' && stored !== 'bool') return undefined;
    // A cast alone changes nothing in memory.
    const floats = tf.mul(tf.cast(x, 'float32'), 1);
    return tf.cast(tf.transpose(floats, perm), x.dtype);
  },
);
