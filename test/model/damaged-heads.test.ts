import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadDelta, saveDelta } from '../../src/adapters/index.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { floatsOf } from '../../src/formats/safetensors-values.ts';
import { writeSafetensors } from '../../src/formats/safetensors-write.ts';
import { classifier, mlp } from '../../src/heads/index.ts';
import { attachHead, dispose, loadModel, pipe, saveModel, useBackend } from '../../src/index.ts';

let folder: string;
await useBackend(cpu());
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damaged-heads-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  await saveModel(model, folder);
  await saveDelta(model, base, folder);
});

const base = tinyCnn({ size: 16 });
const model = pipe(base, attachHead(mlp(classifier(['a', 'b']), { hidden: [4] })));
const { head } = model;
const [hidden, last] = head.layers;

/** Refused with a sentence of ours, and nothing is left behind. */
async function refused(loading: () => Promise<unknown>): Promise<void> {
  const before = tf.memory().numTensors;
  await expect(loading()).rejects.toMatchObject({ name: 'TransferError', code: 'INVALID_MODEL' });
  expect(tf.memory().numTensors).toBe(before);
}

async function changeModel(change: (saved: Record<string, unknown>) => object): Promise<void> {
  const file = join(folder, 'model.json');
  const json = JSON.parse(await readFile(file, 'utf8'));
  Object.assign(json.userDefinedMetadata.tfjsTransfer, change(json.userDefinedMetadata.tfjsTransfer));
  await writeFile(file, JSON.stringify(json));
}

async function changeDelta(given: object): Promise<void> {
  const file = join(folder, 'delta.safetensors');
  const { tensors, metadata } = readSafetensors(await readFile(file), 'it');
  const values = new Map([...tensors].map(([key, one]) => [key, { shape: one.shape, values: floatsOf(one, key) }]));
  await writeFile(file, writeSafetensors(values, { ...Object.fromEntries(metadata), head: JSON.stringify(given) }));
}

test.each<readonly [string, object]>([
  ['more names than outputs', { ...head, labels: ['a', 'b', 'c', 'd'] }],
  ['fewer names than outputs', { ...head, labels: ['a'] }],
  ['no names', { ...head, labels: undefined }],
  ['names that are no strings', { ...head, labels: ['a', 7] }],
  ['an unknown task', { ...head, task: 'nonsense' }],
  ['no layers', { ...head, layers: undefined }],
  ['an empty list of layers', { ...head, layers: [] }],
  ['a layer that is null', { ...head, layers: [null, last] }],
  ['an unknown layer', { ...head, layers: [{ kind: 'conv', units: 4 }, last] }],
  ['a width that is no number', { ...head, layers: [{ ...hidden, units: '4' }, last] }],
  ['an unknown activation', { ...head, layers: [{ ...hidden, activation: 'x' }, last] }],
  ['a rate that drops all', { ...head, layers: [hidden, { kind: 'dropout', rate: 1 }, last] }],
  ['no loss', { ...head, loss: undefined }],
])('a head with %s is refused, of a model and of a delta', async (_, given) => {
  await changeModel(() => ({ head: given }));
  await refused(() => loadModel(folder));
  await changeDelta(given);
  await refused(() => loadDelta(base, folder));
});

test('a head of another network is refused, and so are inputs that are not its own', async () => {
  const other = classifier(['a', 'b', 'c']);
  await changeModel(() => ({ head: other }));
  await refused(() => loadModel(folder));
  await changeModel(() => ({ head, inputs: [] }));
  await refused(() => loadModel(folder));
  await changeModel(() => ({ inputs: [null] }));
  await refused(() => loadModel(folder));
  await changeModel(() => ({ inputs: model.inputs }));
  dispose(await loadModel(folder));
});
