import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { merge, unmerge } from '../../src/adapters/merge.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { loadModel } from '../../src/model/load-model.ts';
import { lora } from '../../src/model/lora.ts';
import { isFactor } from '../../src/model/low-rank.ts';
import { networkBehind } from '../../src/model/network.ts';
import { saveModel } from '../../src/model/save-model.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { predict } from '../../src/train/predict.ts';

let folder: string;
beforeEach(async () => {
  await useBackend(cpu());
  folder = await mkdtemp(join(tmpdir(), 'merge-'));
});
afterEach(() => rm(folder, { recursive: true }));

const size = 16;
const values = Float32Array.from({ length: 4 * size * size * 3 }, (_, i) => (i * 7919) % 256);
const data = { train: fromArrays({ values, shape: [4, size, size, 3] }, [0, 1, 0, 1]) };
const picture = () => tf.tensor(values.slice(0, size * size * 3), [size, size, 3]);
const tuned = async () => {
  const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
  const strategy = sequence(
    lora({ r: 2, targetModules: ['pointwise', 'stem_conv'] }),
    train({ epochs: 3, learningRate: 0.05 }),
  );
  const { model: result } = await fineTune(model, data, strategy);
  return { model, result };
};

test('a merged model predicts the same to the last bit, and holds no factors', async () => {
  const { model, result } = await tuned();
  const before = tf.memory().numTensors;
  const { model: merged, error } = await merge(result);
  const input = picture();
  expect(await predict(merged, input)).toEqual(await predict(result, input));
  expect(await predict(merged, input)).not.toEqual(await predict(model, input));
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(1e-6);
  expect(Object.keys(merged.lease.values).some(isFactor)).toBe(false);
  expect(merged.layers).toEqual(model.layers);
  await expect(merge(merged)).rejects.toMatchObject({ code: 'INVALID_ORDER' });
  input.dispose();
  dispose(merged);
  expect(tf.memory().numTensors).toBe(before);
});

test('what was merged, saved and loaded is unmerged to the base that it had, within rounding', async () => {
  const { model, result } = await tuned();
  await saveModel(result, folder);
  const before = tf.memory().numTensors;
  const loaded = await loadModel(folder);
  const input = picture();
  expect(await predict(loaded, input)).toEqual(await predict(result, input));
  const { model: apart, error } = await unmerge(loaded, result);
  expect(error).toBeLessThan(1e-6);
  const { variables } = networkBehind(model);
  const kernel = 'block1_pointwise/kernel';
  const [own, base] = [apart.lease.values[kernel], variables.get(kernel)?.val].map((one) =>
    (one as tf.Tensor).dataSync(),
  );
  expect(Math.max(...[...(own ?? [])].map((value, i) => Math.abs(value - (base?.[i] as number))))).toBeLessThan(1e-6);
  const [again, first] = [await predict(apart, input), await predict(result, input)];
  for (const [i, { score }] of again.entries()) expect(score).toBeCloseTo(first[i]?.score as number, 5);
  await expect(unmerge(apart, result)).rejects.toMatchObject({ code: 'INVALID_ORDER' });
  await expect(unmerge(loaded, model)).rejects.toMatchObject({ code: 'INVALID_ORDER' });
  input.dispose();
  for (const handle of [apart, loaded]) dispose(handle);
  expect(tf.memory().numTensors).toBe(before);
});
