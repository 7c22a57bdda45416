import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  dispose,
  evaluate,
  fineTune,
  linearProbe,
  sequence,
  sgd,
  train,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { leavingNothing, weightsOf } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

describe('T10 a phase ends with its best weights', () => {
  test('tfjs: has no such thing', () => {
    expect(() => tfl.callbacks.earlyStopping({ restoreBestWeights: true })).toThrow(/restoreBestWeights/);
  });

  const base = () =>
    asBase(
      tfl.sequential({ layers: [L.dense({ units: 1, inputShape: [1], name: 'same', kernelInitializer: 'ones' })] }),
      { cut: false },
    );
  /** Numbers from -1 to 1 with the line of a slope as targets. */
  const line = (slope: number) => {
    const inputs = Array.from({ length: 9 }, (_, i) => i / 4 - 1);
    return examplesOf(
      [tf.tensor2d(inputs, [9, 1])],
      inputs.map((x) => [slope * x]),
    );
  };

  test('here: the weights of the epoch whose validation loss was the lowest', async () => {
    const small = base();
    // On the way to the training split's slope the model passes the validation split's.
    const data = { train: line(6), validation: line(4) };
    await leavingNothing(async () => {
      const model = attachHead(regressor(['y']))(small);
      for (const strategy of [
        linearProbe({ epochs: 8, learningRate: 0.4, optimizer: sgd() }),
        sequence(unfreeze(), train({ epochs: 8, learningRate: 0.1, optimizer: sgd() })),
      ]) {
        const { model: tuned, history } = await fineTune(model, data, strategy);
        const losses = history.phases[0]?.epochs.map(({ validation }) => validation?.loss as number) ?? [];
        const best = losses.indexOf(Math.min(...losses));
        expect(best).toBeGreaterThan(0);
        expect(best).toBeLessThan(8);
        expect(history.phases[0]?.kept).toBe(best);
        expect((await evaluate(tuned, data.validation)).loss).toBe(losses[best]);
        dispose(tuned);
      }
      dispose(model);
    });
    dispose(small);
  });

  test('here: those from before the first step where every epoch made it worse', async () => {
    const small = base();
    const data = { train: line(6), validation: line(6) };
    await leavingNothing(async () => {
      const model = attachHead(regressor(['y']))(small);
      const strategy = sequence(unfreeze(), train({ epochs: 2, learningRate: 50, optimizer: sgd() }));
      const { model: tuned, history } = await fineTune(model, data, strategy);
      const [before, ...after] = history.phases[0]?.epochs.map(({ validation }) => validation?.loss as number) ?? [];
      expect(Math.min(...after)).toBeGreaterThan(before as number);
      expect(history.phases[0]?.kept).toBe(0);
      expect(weightsOf(tuned)).toEqual(weightsOf(model));
      dispose(tuned);
      dispose(model);
    });
    dispose(small);
  });
});
