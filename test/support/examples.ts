import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../../src/core/data.ts';
import type { Target } from '../../src/core/outcome.ts';

/** Examples from tensors, which are disposed. */
export function examplesOf(inputs: readonly tf.Tensor[], targets: readonly Target[]): Examples {
  const stored = inputs.map((tensor) => ({
    shape: tensor.shape.slice(1),
    dtype: tensor.dtype,
    data: tensor.dataSync().slice(),
  }));
  tf.dispose([...inputs]);
  return {
    kind: 'examples',
    size: targets.length,
    targets,
    augmented: false,
    describe: (index) => `example ${index}`,
    read: async (indices) =>
      stored.map(({ shape, dtype, data }) => {
        const size = tf.util.sizeFromShape(shape);
        const rows = indices.flatMap((index) => [...data.subarray(index * size, (index + 1) * size)]);
        return tf.tensor(rows, [indices.length, ...shape], dtype as 'float32');
      }),
  };
}

/** An IOHandler that keeps what is saved in memory. */
export function memory(): tf.io.IOHandler & { artifacts?: tf.io.ModelArtifacts } {
  const handler: tf.io.IOHandler & { artifacts?: tf.io.ModelArtifacts } = {
    save: async (artifacts) => {
      handler.artifacts = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
    load: async () => handler.artifacts as tf.io.ModelArtifacts,
  };
  return handler;
}

/** The largest difference of two tensors' values. */
export function difference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number);
}
