import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { node } from '../../src/backends/node.ts';

test('native TensorFlow in a browser says what is missing and what would work', async () => {
  await expect(node().load()).rejects.toMatchObject({
    code: 'BACKEND_UNKNOWN',
    message: expect.stringMatching(/^The backend "node" needs Node .* webgl\(\) of .* wasm\(\) of tfjs-transfer/),
  });
  expect(tf.engine().backendNames()).toEqual([]);
});
