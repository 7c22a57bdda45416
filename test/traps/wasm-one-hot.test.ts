import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { classifier } from '../../src/heads/index.ts';
import { asBase, attachHead, type Backend, dispose, fineTune, linearProbe, sgd, useBackend } from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { leavingNothing, random, weightsOf } from './support.ts';

/** tfjs' own backend, without the kernels that the library adds. */
const plainWasm: Backend = {
  kind: 'backend',
  name: 'wasm',
  load: async () => {
    await import('@tensorflow/tfjs-backend-wasm');
  },
};

describe('T23 classes are numbers on every backend', () => {
  test('tfjs: on WASM a float32 oneHot holds the bits of integers, and gradients through it are zero', async () => {
    await useBackend(plainWasm);
    const hot = () => tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3, 1, 0, 'float32');
    expect(hot().dtype).toBe('float32');
    expect([...hot().dataSync()]).not.toEqual([1, 0, 0, 0, 0, 1]);
    const gradient = tf.grad((logits) => tf.neg(tf.sum(tf.mul(hot(), tf.logSoftmax(logits)))))(tf.zeros([2, 3]));
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeLessThan(1e-30);
    const cast = tf.cast(tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3), 'float32');
    expect([...cast.dataSync()]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  /** The head that a probe of two steps makes on a backend, and its losses. */
  async function probeOn(backend: Backend) {
    await useBackend(backend);
    const identity = tfl.initializers.identity({ gain: 1 });
    const base = asBase(
      tfl.sequential({
        layers: [tfl.layers.dense({ units: 4, inputShape: [4], name: 'same', kernelInitializer: identity })],
      }),
      { cut: false },
    );
    const data = { train: examplesOf([random(1, 6, 4)], [0, 1, 2, 0, 1, 2]) };
    let result: { weights: Record<string, Float32Array>; losses: number[] } | undefined;
    await leavingNothing(async () => {
      const model = attachHead(classifier(['a', 'b', 'c']))(base);
      const { model: tuned, history } = await fineTune(
        model,
        data,
        linearProbe({ epochs: 4, learningRate: 0.5, optimizer: sgd() }),
      );
      result = { weights: weightsOf(tuned), losses: history.phases[0]?.epochs.map(({ loss }) => loss) ?? [] };
      for (const handle of [tuned, model]) dispose(handle);
    });
    dispose(base);
    return result as NonNullable<typeof result>;
  }

  test.each([
    ["tfjs' own WASM", plainWasm],
    ['WASM with our kernels', wasm()],
  ] as const)('here: a probe on %s is the probe on cpu', async (_, backend) => {
    const [onWasm, onCpu] = [await probeOn(backend), await probeOn(cpu())];
    expect(onWasm.losses.at(-1)).toBeLessThan((onWasm.losses[0] as number) - 0.1);
    for (const [epoch, loss] of onCpu.losses.entries()) expect(onWasm.losses[epoch]).toBeCloseTo(loss, 5);
    for (const [key, values] of Object.entries(onCpu.weights)) {
      for (const [i, value] of values.entries()) expect(onWasm.weights[key]?.[i], key).toBeCloseTo(value, 5);
    }
  });
});
