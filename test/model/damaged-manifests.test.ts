import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/index.ts';
import { attachHead, loadBase, loadModel, pipe, saveModel, useBackend } from '../../src/index.ts';

let folder: string;
beforeAll(async () => {
  await useBackend(cpu());
  folder = await mkdtemp(join(tmpdir(), 'damaged-manifests-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => saveModel(pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b']))), folder));

const quantized = (settings: object | null) => (weight: object) => ({ ...weight, quantization: settings });
test.each<readonly [string, (weight: object) => unknown]>([
  ['null', () => null],
  ['a number', () => 7],
  ['quantized as float32', quantized({ dtype: 'float32' })],
  ['quantized as nothing', quantized(null)],
  ['quantized as int32', quantized({ dtype: 'int32', min: 0, scale: 1 })],
])('a manifest whose second weight is %s is refused, and leaves no tensor', async (_, change) => {
  const file = join(folder, 'model.json');
  const json = JSON.parse(await readFile(file, 'utf8'));
  const { weights } = json.weightsManifest[0];
  weights[1] = change(weights[1]);
  await writeFile(file, JSON.stringify(json));
  const before = tf.memory().numTensors;
  for (const load of [loadModel, loadBase]) {
    await expect(load(folder)).rejects.toMatchObject({ name: 'TransferError', code: 'INVALID_MODEL' });
  }
  expect(tf.memory().numTensors).toBe(before);
});
