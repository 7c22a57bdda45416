import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import type { Tensors } from '../../src/core/optimizer.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { globalNorm } from '../../src/train/global-norm.ts';
import { adam } from '../../src/train/optimizers.ts';
import { numbers } from './kernel-cases.ts';

afterAll(() => useBackend(cpu()));

const tensor = (size: number, seed: number) => tf.tensor1d(numbers([size], seed).values as Float32Array);
const listed = (tensors: Tensors) => Object.values(tensors).map((one) => [...one.dataSync()]);

/** Three steps of Adam, and the norm of the last gradient, with what is left behind. */
async function steps(backend: 'cpu' | 'wasm', size: number, seed: number, convention: 'keras' | 'pytorch') {
  await useBackend(backend === 'cpu' ? cpu() : wasm());
  const before = tf.memory().numTensors;
  const result = tf.tidy(() => {
    const optimizer = adam({ convention, epsilon: 1e-4 });
    const parameters = { weight: tf.zeros([size]) };
    let state = optimizer.init(parameters);
    const updates: number[][] = [];
    for (const step of [0, 1, 2]) {
      const done = optimizer.update({ weight: tensor(size, seed + step) }, state, parameters, 0.01);
      state = done.state;
      updates.push(...listed(done.updates));
    }
    const { mean, square } = state.weight as Readonly<Record<'mean' | 'square', tf.Tensor>>;
    const norm = globalNorm({ weight: tensor(size, seed), other: tf.ones([3]) }).dataSync()[0] as number;
    return { numbers: [...updates, ...listed({ mean, square })].flat(), norm };
  });
  expect(tf.memory().numTensors).toBe(before);
  return result;
}

describe('the kernels of optimizers', () => {
  test('are there on wasm alone', async () => {
    for (const backend of [cpu(), wasm()]) await useBackend(backend);
    for (const name of ['AdamStep', 'SquareSum']) {
      expect(tf.getKernel(name, 'wasm')).toBeDefined();
      expect(tf.getKernel(name, 'cpu')).toBeUndefined();
    }
  });

  test('compute what cpu does, 100 cases', async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 4090, max: 9000 }));
    const convention = fc.constantFrom('keras', 'pytorch');
    const property = fc.asyncProperty(size, fc.nat(1e6), convention, async (...drawn) => {
      const [onCpu, onWasm] = [await steps('cpu', ...drawn), await steps('wasm', ...drawn)];
      expect(onWasm.norm / onCpu.norm).toBeCloseTo(1, 5);
      const differences = onCpu.numbers.map((value, i) => Math.abs(value - (onWasm.numbers[i] as number)));
      expect(Math.max(...differences)).toBeLessThan(1e-6);
    });
    await fc.assert(property, { numRuns: 100, seed: 3 });
  });

  test('a sum of a million squares keeps its digits', async () => {
    await useBackend(wasm());
    const norm = tf.tidy(() => globalNorm({ weight: tf.fill([10 ** 6], 0.1) }).dataSync()[0] as number);
    expect(norm).toBeCloseTo(100, 3);
  });
});
