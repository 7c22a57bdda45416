import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  dispose,
  explain,
  fineTune,
  freeze,
  sequence,
  sgd,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { leavingNothing, on, random, taken, Witness, weightsOf } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

describe('T22 noise is drawn from the seed, anew in each step', () => {
  test('tfjs: a seeded dropout drops the same in each step, 0 is no seed of normal numbers, a recurrent layer has none', () => {
    const drop = (layer: tfl.layers.Layer) => taken(layer.apply(tf.ones([1, 64]), { training: true }) as tf.Tensor);
    const seven = L.dropout({ rate: 0.5, seed: 7 });
    expect(drop(seven)).toEqual(drop(seven));
    const normal = (seed: number) => taken(tf.randomNormal([4], 0, 1, 'float32', seed));
    expect(normal(7)).toEqual(normal(7));
    expect(normal(0)).not.toEqual(normal(0));
    const recurrent = L.lstm({ units: 8, dropout: 0.5, recurrentInitializer: 'glorotUniform' });
    const inputs = random(1, 1, 3, 8);
    const run = () => taken(recurrent.apply(inputs, { training: true }) as tf.Tensor);
    expect(run()).not.toEqual(run());
  });

  /** What dropout lets through in each step of a run, and the weights after it. */
  async function runWith(seed: number, layerSeed: number) {
    const seen: number[][] = [];
    const input = tfl.input({ shape: [8] });
    const below = L.dense({ units: 32, name: 'below', kernelInitializer: 'ones' });
    const noisy = on(L.dropout({ rate: 0.5, seed: layerSeed, name: 'dropout' }), on(below, input));
    const watched = on(new Witness((value) => seen.push([...value.dataSync()].map((x) => (x === 0 ? 0 : 1)))), noisy);
    const model = tfl.model({ inputs: input, outputs: watched });
    const base = asBase(model, { cut: false });
    const data = { train: examplesOf([tf.ones([4, 8])], [[1], [1], [1], [1]]) };
    let weights: Record<string, Float32Array> = {};
    await leavingNothing(async () => {
      const headed = attachHead(regressor(['y'], { dropout: 0.25 }))(base);
      const strategy = sequence(unfreeze(), train({ epochs: 3, batchSize: 2, learningRate: 1e-4, optimizer: sgd() }));
      const { model: tuned } = await fineTune(headed, data, strategy, { seed });
      weights = weightsOf(tuned);
      for (const handle of [tuned, headed]) dispose(handle);
    });
    dispose(base);
    return { seen, weights };
  }

  test('here: each step has a mask of its own, each seed a run of its own, and 0 is a seed', async () => {
    const zero = await runWith(0, 7);
    expect(zero.seen).toHaveLength(6);
    expect(new Set(zero.seen.map(String)).size).toBe(6);
    // Two rows of one batch differ too.
    for (const mask of zero.seen) expect(mask.slice(0, 32)).not.toEqual(mask.slice(32));
    const kept = zero.seen.flat().reduce((sum, one) => sum + one, 0) / zero.seen.flat().length;
    expect(Math.abs(kept - 0.5)).toBeLessThan(0.1);
    expect(await runWith(0, 7)).toEqual(zero);
    expect(await runWith(0, 0)).toEqual(zero);
    const one = await runWith(1, 7);
    expect(one.seen).not.toEqual(zero.seen);
    expect(one.weights).not.toEqual(zero.weights);
  });

  /** A recurrent layer with dropout between two dense ones, plain and wrapped. */
  const forms = ['plain', 'wrapped'].flatMap((form) =>
    ['dropout', 'recurrentDropout'].map((kind) => [form, kind] as const),
  );
  function between(form: string, kind: string) {
    const settings = { units: 3, recurrentInitializer: 'glorotUniform', [kind]: 0.5 } as const;
    const layer =
      form === 'plain'
        ? L.lstm({ ...settings, name: 'noisy' })
        : L.bidirectional({ name: 'noisy', mergeMode: 'concat', layer: L.lstm(settings) as tfl.RNN });
    const input = tfl.input({ shape: [4, 2] });
    const below = on(L.dense({ units: 2, name: 'below' }), input);
    const model = tfl.model({ inputs: input, outputs: on(L.dense({ units: 3, name: 'above' }), on(layer, below)) });
    return {
      base: asBase(model, { cut: false }),
      data: { train: examplesOf([random(2, 4, 4, 2)], [[1], [2], [3], [4]]) },
      once: train({ epochs: 2, learningRate: 0.1, optimizer: sgd() }),
    };
  }

  test.each(forms)('here: a %s LSTM with %s is refused above the frontier', async (form, kind) => {
    const { base, data, once } = between(form, kind);
    await leavingNothing(async () => {
      const headed = attachHead(regressor(['y']))(base);
      for (const edit of [unfreezeTop(2), unfreezeTop(3), unfreeze()]) {
        const refusal = expect.objectContaining({
          code: 'NOT_TRAINABLE',
          message: expect.stringMatching(/^noisy is .* tfjs cannot seed/),
        });
        await expect(fineTune(headed, data, sequence(edit, once))).rejects.toThrow(refusal);
        expect(() => explain(headed, sequence(edit, once))).toThrow(refusal);
      }
      dispose(headed);
    });
    dispose(base);
  });

  test.each(forms)('here: below the frontier a %s LSTM with %s is as good as one without', async (form, kind) => {
    const { base, data, once } = between(form, kind);
    await leavingNothing(async () => {
      const headed = attachHead(regressor(['y']))(base);
      for (const edit of [unfreezeTop(1), freeze()]) {
        const runs = [];
        for (let run = 0; run < 2; run++) {
          const { model: tuned } = await fineTune(headed, data, sequence(edit, once));
          runs.push(weightsOf(tuned));
          dispose(tuned);
        }
        expect(runs[0]).toEqual(runs[1]);
      }
      dispose(headed);
    });
    dispose(base);
  });
});
