import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { earlyStopping } from '../../src/core/callbacks.ts';
import type { Examples } from '../../src/core/data.ts';
import { unfreeze, unfreezeTop } from '../../src/core/edits.ts';
import { TransferError } from '../../src/core/errors.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { accuracy } from '../../src/core/metrics.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { findBatchSize } from '../../src/train/find-batch-size.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { greedySoup } from '../../src/train/greedy-soup.ts';
import { lrFind } from '../../src/train/lr-find.ts';
import { sgd } from '../../src/train/optimizers.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const count = 16;
// Dark and light pictures, a little of each in the other.
const values = Float32Array.from({ length: count * size * size * 3 }, (_, i) => {
  const label = Math.floor(i / (size * size * 3)) % 2;
  return ((i * 7919) % 100) + 120 * label;
});
const labels = Array.from({ length: count }, (_, i) => i % 2);
const data = { train: fromArrays({ values, shape: [count, size, size, 3] }, labels) };
const fresh = () => pipe(tinyCnn({ size }), attachHead(classifier(['dark', 'light'])), unfreezeTop(1));
const scoresOf = async (model: TransferModel) => (await evaluate(model, data.train)).outcome.scores;

describe('lrFind', () => {
  test('finds a rate that trains, and leaves the model and its random numbers as they were', async () => {
    const model = fresh();
    const strategy = sequence(train({ epochs: 1, batchSize: 4 }));
    const alone = await fineTune(model, data, strategy, { seed: 3 });
    const expected = await scoresOf(alone.model);
    const before = await scoresOf(model);
    const tensors = tf.memory().numTensors;
    const { rates, losses, suggestion } = await lrFind(model, data, { phase: { batchSize: 4 }, steps: 60 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(await scoresOf(model)).toEqual(before);
    const again = await fineTune(model, data, strategy, { seed: 3 });
    expect(await scoresOf(again.model)).toEqual(expected);
    expect(rates[0]).toBeCloseTo(1e-7, 12);
    rates.slice(1).forEach((rate, i) => {
      expect(rate / (rates[i] as number)).toBeCloseTo(1e8 ** (1 / 59), 6);
    });
    expect(losses).toHaveLength(rates.length);
    const { history, model: tuned } = await fineTune(
      model,
      data,
      sequence(train({ epochs: 10, batchSize: 4, learningRate: suggestion as number })),
    );
    const [first, last] = [history.phases[0]?.epochs[0]?.loss, history.phases[0]?.epochs.at(-1)?.loss];
    expect(last).toBeLessThan((first as number) * 0.8);
    for (const one of [alone.model, again.model, tuned, model]) dispose(one);
  });

  test('stops where the loss explodes, and says nothing where it does not fall', async () => {
    const model = fresh();
    // Nothing in the pictures says these labels.
    const unlearnable = { train: { ...data.train, targets: labels.map((_, i) => (i >> 1) % 2) } };
    const exploded = await lrFind(model, unlearnable, { phase: { batchSize: 4 }, steps: 100, from: 1e-3, to: 1e6 });
    expect(exploded.rates.length).toBeLessThan(100);
    const risen = await lrFind(model, data, { phase: { batchSize: 16 }, steps: 20, from: 1e-12, to: 1e-11 });
    expect(risen.rates).toHaveLength(20);
    dispose(model);
  });

  test('leaves nothing behind where the run ends by itself, and rejects where it is aborted', async () => {
    const model = fresh();
    const tensors = tf.memory().numTensors;
    const phase = { batchSize: 4, callbacks: [earlyStopping({ monitor: 'loss', patience: 1 })] };
    // Rates that move nothing, so that no epoch is better than the one before.
    const stopped = await lrFind(model, data, { phase, steps: 100, from: 1e-30, to: 1e-29 });
    expect(stopped.rates.length).toBeLessThan(100);
    expect(tf.memory().numTensors).toBe(tensors);
    const aborter = new AbortController();
    const watched = {
      ...data.train,
      read: (...given: Parameters<typeof data.train.read>) => {
        setTimeout(() => aborter.abort());
        return data.train.read(...given);
      },
    };
    // The second time it was aborted before.
    for (let time = 0; time < 2; time++) {
      const finding = lrFind(model, { train: watched }, { steps: 4000, signal: aborter.signal });
      await expect(finding).rejects.toMatchObject({ name: 'AbortError' });
      expect(tf.memory().numTensors).toBe(tensors);
    }
    dispose(model);
  });

  test.each([{ steps: 1 }, { from: 0 }, { from: 1, to: 1 }])('refuses %j', async (settings) => {
    await expect(lrFind(fresh(), data, settings)).rejects.toThrow(/0 < from < to/);
  });
});

test('findBatchSize goes to the size of the split where memory does, and not beyond its maximum', async () => {
  const model = pipe(fresh(), unfreeze());
  const tensors = tf.memory().numTensors;
  expect(await findBatchSize(model, data)).toBe(16);
  expect(await findBatchSize(model, data, { maximum: 5 })).toBe(4);
  expect(tf.memory().numTensors).toBe(tensors);
  await expect(findBatchSize(model, data, { maximum: 0 })).rejects.toThrow(/maximum: 0. Pass a whole number from 1/);
  await expect(findBatchSize(model, data, 5 as never)).rejects.toThrow(/received 5 as its settings.*{ maximum: 256 }/);
  dispose(model);
});

test('findBatchSize tries the phase that it is given', async () => {
  const model = fresh();
  const sizes: number[] = [];
  // An optimizer whose state does not fit beside more than 4 examples.
  const greedy: Optimizer = {
    ...sgd(),
    update(gradients, state, parameters, rate) {
      if ((sizes.at(-1) as number) > 4) throw new TransferError('OUT_OF_MEMORY', 'full');
      return sgd().update(gradients, state, parameters, rate);
    },
  };
  const read: Examples['read'] = (indices, request) => {
    sizes.push(indices.length);
    return data.train.read(indices, request);
  };
  const tensors = tf.memory().numTensors;
  const phase = { optimizer: greedy };
  expect(await findBatchSize(model, { train: { ...data.train, read } }, { phase })).toBe(4);
  expect(sizes).toEqual([1, 2, 4, 8]);
  expect(tf.memory().numTensors).toBe(tensors);
  dispose(model);
});

test('greedySoup takes what does not make it worse, the best first, and leaves nothing behind', async () => {
  const model = fresh();
  const tuned: TransferModel[] = [];
  for (const learningRate of [1e-5, 3e-3, 5]) {
    const strategy = sequence(train({ epochs: 6, batchSize: 4, learningRate }));
    tuned.push((await fineTune(model, data, strategy)).model);
  }
  const tensors = tf.memory().numTensors;
  const soup = await greedySoup(tuned, data.train, accuracy());
  const best = Math.max(...soup.values);
  expect(soup.values[soup.taken[0] as number]).toBe(best);
  expect(soup.value).toBeGreaterThanOrEqual(best);
  expect((await evaluate(soup.model, data.train)).metrics.accuracy).toBe(soup.value);
  dispose(soup.model);
  expect(tf.memory().numTensors).toBe(tensors);
  await expect(greedySoup([], data.train, accuracy())).rejects.toThrow(/no models/);
  for (const one of [...tuned, model]) dispose(one);
});
