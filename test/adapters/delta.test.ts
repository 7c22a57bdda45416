import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadDelta } from '../../src/adapters/load-delta.ts';
import { saveDelta } from '../../src/adapters/save-delta.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { Edit } from '../../src/core/edit.ts';
import { freeze, unfreezeTop } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { floatsOf } from '../../src/formats/safetensors-values.ts';
import { writeSafetensors } from '../../src/formats/safetensors-write.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { mlp } from '../../src/heads/mlp.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { loadModel } from '../../src/model/load-model.ts';
import { lora } from '../../src/model/lora.ts';
import { saveModel } from '../../src/model/save-model.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { predict } from '../../src/train/predict.ts';

let folder: string;
beforeEach(async () => {
  await useBackend(cpu());
  folder = await mkdtemp(join(tmpdir(), 'delta-'));
});
afterEach(() => rm(folder, { recursive: true }));

const size = 16;
const values = Float32Array.from({ length: 4 * size * size * 3 }, (_, i) => (i * 7919) % 256);
const data = { train: fromArrays({ values, shape: [4, size, size, 3] }, [0, 1, 0, 1]) };
const head = mlp(classifier(['a', 'b']), { hidden: [4] });

test.each<readonly [string, Edit, readonly string[]]>([
  ['a probe', freeze(), []],
  ['a tuned block', unfreezeTop(1), ['block3_pointwise/kernel']],
  [
    'updates of low rank',
    lora({ r: 2, targetModules: ['block3_pointwise'] }),
    ['A', 'B', 'scale'].map((factor) => `block3_pointwise/kernel/lora_${factor}`),
  ],
])('the delta of %s holds what differs and the head, and no more', async (_name, edit, keys) => {
  const base = tinyCnn({ size });
  const start = pipe(base, attachHead(head));
  const { model } = await fineTune(start, data, sequence(edit, train({ epochs: 2, learningRate: 0.05 })));
  const before = tf.memory().numTensors;
  const { weights } = await saveDelta(model, base, folder);
  expect(weights).toEqual(keys);
  const again = await loadDelta(base, folder);
  expect(again.head).toEqual(JSON.parse(JSON.stringify(model.head)));
  const picture = tf.tensor(values.slice(0, size * size * 3), [size, size, 3]);
  expect(await predict(again, picture)).toEqual(await predict(model, picture));
  picture.dispose();
  dispose(again);
  expect(tf.memory().numTensors).toBe(before);
  for (const handle of [model, start, base]) dispose(handle);
});

test('a delta is saved of a model that was loaded, too', async () => {
  const base = tinyCnn({ size });
  const start = pipe(base, attachHead(head));
  const strategy = sequence(unfreezeTop(1), train({ epochs: 1, learningRate: 0.05 }));
  const { model } = await fineTune(start, data, strategy);
  await saveModel(model, folder);
  const loaded = await loadModel(folder);
  const [own, of] = [await saveDelta(model, base, join(folder, 'a')), await saveDelta(loaded, base, join(folder, 'b'))];
  expect(of.weights).toEqual(own.weights);
  const sizes = await Promise.all(
    ['a', 'b'].map(async (name) => (await stat(join(folder, name, 'delta.safetensors'))).size),
  );
  expect(sizes[0]).toBe(sizes[1]);
  for (const handle of [loaded, model, start, base]) dispose(handle);
});

test('another base is refused, and so is a damaged file', async () => {
  const [base, other] = [tinyCnn({ size }), tinyCnn({ size, seed: 1 })];
  const model = pipe(base, attachHead(head));
  await saveDelta(model, base, folder);
  const before = tf.memory().numTensors;
  await expect(loadDelta(other, folder)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(
      /belongs to a base of the hash [0-9a-f]{64}; that of .* is [0-9a-f]{64}. Pass the base/,
    ),
  });
  await expect(loadDelta(base, join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(loadDelta(model as never, folder)).rejects.toMatchObject({ code: 'INVALID_ORDER' });
  const file = join(folder, 'delta.safetensors');
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.length - 4));
  await expect(loadDelta(base, folder)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
  await writeFile(file, String(bytes.toString('latin1')).replace('delta 1', 'delta 9'), 'latin1');
  await expect(loadDelta(base, folder)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
  const { tensors, metadata } = readSafetensors(bytes, file);
  const huge = { ...model.head, layers: model.head.layers.map((layer) => ({ ...layer, units: 1e15 })) };
  const same = new Map(
    [...tensors].map(([key, tensor]) => [key, { shape: tensor.shape, values: floatsOf(tensor, key) }] as const),
  );
  await writeFile(file, writeSafetensors(same, { ...Object.fromEntries(metadata), head: JSON.stringify(huge) }));
  await expect(loadDelta(base, folder)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
  expect(tf.memory().numTensors).toBe(before);
  for (const handle of [model, base, other]) dispose(handle);
});
