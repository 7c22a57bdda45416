import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gradientNorms } from '../../src/analyse/index.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { unfreeze } from '../../src/core/edits.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { accuracy } from '../../src/core/metrics.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { pipe } from '../../src/core/pipe.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { auto } from '../../src/train/auto.ts';
import { findBatchSize } from '../../src/train/find-batch-size.ts';
import { greedySoup } from '../../src/train/greedy-soup.ts';
import { lrFind } from '../../src/train/lr-find.ts';
import { sgd } from '../../src/train/optimizers.ts';

const size = 16;
const count = 16;
const values = Float32Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919) % 256);
const labels = Array.from({ length: count }, (_, i) => i % 2);
const examples = fromArrays({ values, shape: [count, size, size, 3] }, labels);
let model: TransferModel;
beforeAll(async () => {
  await useBackend(cpu());
  model = pipe(tinyCnn({ size }), attachHead(classifier(['dark', 'light'])), unfreeze());
});
afterAll(() => dispose(model));

/** Examples that abort the controller with the read of that number, from 1. */
function abortingAt(number: number, controller: AbortController, reason: Error): typeof examples {
  let reads = 0;
  return {
    ...examples,
    read: (indices, request) => {
      if (++reads === number) controller.abort(reason);
      return examples.read(indices, request);
    },
  };
}

const works = {
  lrFind: (train: typeof examples, signal: AbortSignal) => lrFind(model, { train }, { signal, steps: 50 }),
  findBatchSize: (train: typeof examples, signal: AbortSignal) => findBatchSize(model, { train }, { signal }),
  greedySoup: (train: typeof examples, signal: AbortSignal) =>
    greedySoup([model, model, model], train, accuracy(), { signal }),
  gradientNorms: (train: typeof examples, signal: AbortSignal) => gradientNorms(model, train, { signal, batchSize: 4 }),
};
// Of a soup: the first model alone, and the first mixture.
const cases = [
  ['lrFind', 1],
  ['findBatchSize', 1],
  ['findBatchSize', 4],
  ['greedySoup', 1],
  ['greedySoup', 4],
  ['gradientNorms', 2],
] as const;

test.each(cases)('%s ends with the reason of an abort, and leaves nothing: at read %s', async (name, read) => {
  const tensors = tf.memory().numTensors;
  const controller = new AbortController();
  const reason = new Error('enough');
  await expect(works[name](abortingAt(read, controller, reason), controller.signal)).rejects.toBe(reason);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('lrFind ends with the reason of an abort in a step', async () => {
  const tensors = tf.memory().numTensors;
  const controller = new AbortController();
  const reason = new Error('enough');
  let steps = 0;
  const aborting: Optimizer = {
    ...sgd(),
    update(...given) {
      if (++steps === 3) controller.abort(reason);
      return sgd().update(...given);
    },
  };
  const asked = lrFind(model, { train: examples }, { phase: { optimizer: aborting }, signal: controller.signal });
  await expect(asked).rejects.toBe(reason);
  expect(steps).toBe(3);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('greedySoup leaves nothing where a mixture cannot be measured', async () => {
  const tensors = tf.memory().numTensors;
  let reads = 0;
  const broken: typeof examples = {
    ...examples,
    read: (indices, request) => {
      if (++reads === 4) throw new Error('the disk is gone');
      return examples.read(indices, request);
    },
  };
  await expect(greedySoup([model, model, model], broken, accuracy())).rejects.toThrow(/the disk is gone/);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('auto ends with the reason of an abort, before it changes the backend or in a trial, and leaves nothing', async () => {
  const reason = new Error('enough');
  const tensors = tf.memory().numTensors;
  await expect(auto([wasm()], model, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(tf.getBackend()).toBe('cpu');
  const base = tinyCnn({ size: 48 });
  const large = pipe(base, attachHead(classifier(['dark', 'light'])), unfreeze());
  const controller = new AbortController();
  const asked = auto([cpu(), wasm()], large, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await expect(asked).rejects.toBe(reason);
  expect(tf.getBackend()).toBe('cpu');
  for (const handle of [large, base]) dispose(handle);
  expect(tf.memory().numTensors).toBe(tensors);
});
