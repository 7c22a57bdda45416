import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  dispose,
  fineTune,
  sequence,
  sgd,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { leavingNothing, random, rows, Witness } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

interface Alive {
  readonly tensors: number;
  readonly bytes: number;
}
const alive = (): Alive => ({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytes });

/** A base of frozen layers below one that trains and a witness, which sees what is alive when all below it has run. */
function deep(depth: number) {
  const seen: Alive[] = [];
  const layers = Array.from({ length: depth }, (_, i) =>
    L.dense({ units: 32, activation: 'tanh', name: `frozen${i}`, ...(i === 0 && { inputShape: [32] }) }),
  );
  const top = L.dense({ units: 32, name: 'top' });
  const model = tfl.sequential({ layers: [...layers, top, new Witness(() => seen.push(alive()))] });
  return { model, layers, seen };
}

/** The most that was alive at the witness, over what was alive before training. */
const most = (seen: readonly Alive[], before: Alive): Alive => ({
  tensors: Math.max(...seen.map(({ tensors }) => tensors)) - before.tensors,
  bytes: Math.max(...seen.map(({ bytes }) => bytes)) - before.bytes,
});

describe('T12 the memory of a training step does not grow with the frozen base', () => {
  const depths = [2, 20] as const;
  const batch = 16;

  test('tfjs: it does', async () => {
    const peaks: Alive[] = [];
    for (const depth of depths) {
      const { model, layers, seen } = deep(depth);
      model.add(L.dense({ units: 1 }));
      for (const layer of layers) layer.trainable = false;
      model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
      const [inputs, targets] = [random(1, batch, 32), random(2, batch, 1)];
      const before = alive();
      await model.fit(inputs, targets, { batchSize: batch, epochs: 1, verbose: 0 });
      peaks.push(most(seen, before));
    }
    const [shallow, far] = peaks as [Alive, Alive];
    // The activation of every frozen layer is kept for a gradient that nobody asks for.
    expect(far.bytes - shallow.bytes).toBeGreaterThanOrEqual(18 * batch * 32 * 4);
    expect(far.tensors - shallow.tensors).toBeGreaterThanOrEqual(18);
  });

  test('here: it does not, whether features are cached or not', async () => {
    for (const cacheBytes of [2 ** 30, 0]) {
      const peaks: Alive[] = [];
      for (const depth of depths) {
        const { model, seen } = deep(depth);
        const base = asBase(model, { cut: false });
        const data = { train: rows(1, batch, 32) };
        await leavingNothing(async () => {
          const headed = attachHead(regressor(['y']))(base);
          const before = alive();
          const strategy = sequence(
            unfreezeTop(1),
            train({ epochs: 2, batchSize: batch, learningRate: 0.1, optimizer: sgd() }),
          );
          const { model: tuned } = await fineTune(headed, data, strategy, { cacheBytes });
          peaks.push(most(seen, before));
          expect(seen).toHaveLength(2);
          for (const handle of [tuned, headed]) dispose(handle);
        });
        dispose(base);
      }
      expect(peaks[1]).toEqual(peaks[0]);
    }
  });
});
