import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { interpolate } from '../../src/model/interpolate.ts';
import { networkBehind } from '../../src/model/network.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { fineTune } from '../../src/train/fine-tune.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const count = 12;
const values = Float32Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919) % 256);
const examples = fromArrays(
  { values, shape: [count, size, size, 3] },
  Array.from({ length: count }, (_, i) => i % 2),
);
const fresh = () => pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
const tuned = async (model: TransferModel, seed: number) => {
  const strategy = sequence(unfreezeTop(1), train({ epochs: 2, learningRate: 0.05, batchSize: 4 }));
  return (await fineTune(model, { train: examples }, strategy, { seed })).model;
};
const weight = (model: TransferModel, key: string) =>
  tensorOf(networkBehind(model).variables, model.lease.values, key).dataSync();

describe('interpolate', () => {
  test('mixes every weight, and gives either end at either end', async () => {
    const before = fresh();
    const after = await tuned(before, 1);
    const tensors = tf.memory().numTensors;
    const [first, third, last] = [0, 0.3, 1].map((alpha) => interpolate([before, after], [1 - alpha, alpha]));
    const keys = after.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
    let moved = 0;
    for (const key of keys) {
      const [a, b, mixed] = [before, after, third].map((model) => weight(model as TransferModel, key));
      a?.forEach((value, i) => {
        const expected = 0.7 * value + 0.3 * (b?.[i] as number);
        expect(Math.abs((mixed?.[i] as number) - expected)).toBeLessThan(1e-6);
        if (value !== b?.[i]) moved++;
      });
      expect(weight(first as TransferModel, key)).toEqual(a);
      expect(weight(last as TransferModel, key)).toEqual(b);
    }
    expect(moved).toBeGreaterThan(0);
    const scores = async (model: TransferModel) => (await evaluate(model, examples)).outcome.scores;
    expect(await scores(last as TransferModel)).toEqual(await scores(after));
    for (const model of [first, third, last]) dispose(model as TransferModel);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(after);
    dispose(before);
  });

  test('takes equal shares where it is told none', async () => {
    const before = fresh();
    const models = [await tuned(before, 1), await tuned(before, 2), await tuned(before, 3)];
    const soup = interpolate(models);
    const key = soup.layers.at(-1)?.weights[0]?.key as string;
    const expected = models.map((model) => weight(model, key)[0] as number).reduce((sum, value) => sum + value / 3, 0);
    expect(weight(soup, key)[0]).toBeCloseTo(expected, 5);
    for (const model of [soup, ...models, before]) dispose(model);
  });

  test('refuses shares that do not add up, and models of different networks', () => {
    const [one, other] = [fresh(), fresh()];
    expect(() => interpolate([one, one], [0.5, 0.6])).toThrow(/adding up to 1/);
    expect(() => interpolate([one, one], [1.5, -0.5])).toThrow(/from 0 to 1/);
    expect(() => interpolate([])).toThrow(/0 models/);
    expect(() => interpolate([one, other])).toThrow(/different networks/);
    dispose(one);
    expect(() => interpolate([one, one])).toThrow(/disposed/);
    dispose(other);
  });
});
