import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import { loadBase, loadModel } from '../src/index.ts';

test.each([
  ['loadBase', () => loadBase(join(tmpdir(), 'base'))],
  ['loadModel', () => loadModel(join(tmpdir(), 'model'))],
  ['tinyCnn', () => tinyCnn({ size: 16 })],
])('before any backend is loaded, %s says what to load', async (_, run) => {
  expect(tf.engine().registryFactory).toEqual({});
  const failure: unknown = await (async () => run())().catch((error: unknown) => error);
  expect(failure).toMatchObject({
    name: 'TransferError',
    code: 'BACKEND_UNKNOWN',
    message: expect.stringMatching(/^No backend is loaded\. Call await useBackend\(wasm\(\)\) first/),
  });
});
