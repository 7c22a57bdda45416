import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { merge } from '../../src/adapters/merge.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { freeze } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { featurePart } from '../../src/model/feature-part.ts';
import { lora } from '../../src/model/lora.ts';
import { networkBehind } from '../../src/model/network.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';

let store: string;
beforeEach(async () => {
  await useBackend(cpu());
  store = await mkdtemp(join(tmpdir(), 'updated-features-'));
});
afterEach(() => rm(store, { recursive: true }));

const size = 16;
const values = Float32Array.from({ length: 4 * size * size * 3 }, (_, i) => (i * 7919) % 256);
const data = { train: fromArrays({ values, shape: [4, size, size, 3] }, [0, 1, 0, 1]) };
const probe = sequence(freeze(), train({ epochs: 1, learningRate: 0.05 }));

async function updated() {
  const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
  const strategy = sequence(
    lora({ r: 2, alpha: 8, targetModules: ['pointwise'] }),
    train({ epochs: 3, learningRate: 0.1 }),
  );
  const { model: tuned } = await fineTune(model, data, strategy);
  return { model, tuned };
}

test('features of a base with updates are not taken for those of the base', async () => {
  const { model, tuned } = await updated();
  const kernel = 'head_logits/kernel';
  const after = async (start: typeof model, settings = {}) => {
    const { model: probed } = await fineTune(start, data, probe, settings);
    const numbers = [...(probed.lease.values[kernel] as tf.Tensor).dataSync()];
    dispose(probed);
    return numbers;
  };
  await after(model, { featureStore: store });
  expect(await after(tuned, { featureStore: store })).toEqual(await after(tuned));
  for (const handle of [tuned, model]) dispose(handle);
});

test('workers are sent kernels with their updates', async () => {
  const { model, tuned } = await updated();
  const { model: merged } = await merge(tuned);
  const before = tf.memory().numTensors;
  const network = networkBehind(tuned);
  const { applications, inputs, outputs } = network.graph;
  const part = { applications, given: inputs, wanted: outputs };
  const [sent, expected, plain] = await Promise.all(
    [tuned, merged, model].map(async ({ lease }) => {
      const { weightData } = await featurePart(network, lease.values, part);
      return Buffer.from(weightData as ArrayBuffer);
    }),
  );
  expect(sent?.equals(expected as Buffer)).toBe(true);
  expect(sent?.equals(plain as Buffer)).toBe(false);
  expect(tf.memory().numTensors).toBe(before);
  for (const handle of [merged, tuned, model]) dispose(handle);
});
