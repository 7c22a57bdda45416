import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { asBase, dispose, useBackend } from '../../src/index.ts';
import { infer, type Value } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';

const [gamma, beta, mean, variance, epsilon] = [[2, 0.5], [1, -1], [3, 4], [4, 9], 1e-3] as const;

/** A BatchNormalization of the first of the axes of an example. */
function normalized(shape: readonly number[]): tfl.LayersModel {
  const layer = tfl.layers.batchNormalization({ axis: 1, epsilon, inputShape: [...shape] });
  const model = tfl.sequential({ layers: [layer] });
  const values = [gamma, beta, mean, variance].map((numbers) => tf.tensor1d([...numbers]));
  layer.setWeights(values);
  tf.dispose(values);
  return model;
}

/** `(x - mean) / sqrt(variance + epsilon) gamma + beta`, by hand. */
const byHand = (x: number, channel: 0 | 1) =>
  ((x - mean[channel]) / Math.sqrt(variance[channel] + epsilon)) * gamma[channel] + beta[channel];

describe.each([cpu(), wasm()])('BatchNormalization of an axis that is not the last, on $name', (backend) => {
  test.each([[[2, 3]], [[2, 3, 5]]])('examples of %j', async (shape) => {
    await useBackend(backend);
    const model = normalized(shape);
    const x = tf.tensor(
      Float32Array.from({ length: 2 * tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i) * 4),
      [2, ...shape],
    );
    const perChannel = tf.util.sizeFromShape(shape.slice(1));
    const expected = [...x.dataSync()].map((value, i) => byHand(value, (Math.floor(i / perChannel) % 2) as 0 | 1));
    const largest = (tensor: tf.Tensor) =>
      Math.max(...[...tensor.dataSync()].map((value, i) => Math.abs(value - (expected[i] as number))));

    const byTfjs = model.predict(x) as tf.Tensor;
    expect(largest(byTfjs), 'tfjs').toBeGreaterThan(1);

    const base = asBase(model, { cut: false });
    const { graph } = networkBehind(base);
    const before = tf.memory().numTensors;
    const given = new Map([[graph.inputs[0] as number, { tensor: x, mask: null }]]);
    const [result] = infer(graph.applications, given, graph.outputs) as [Value];
    expect(largest(result.tensor), 'here').toBeLessThan(1e-5);
    result.tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, byTfjs]);
    dispose(base);
  });
});
