import { setTimeout } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webgpu } from '../../src/backends/webgpu.ts';
import { canBeLost, download } from '../../src/model/device.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { loseDevice } from '../contract/promises.ts';
import { heldOf } from '../support/collected.ts';

beforeAll(() => useBackend(webgpu()));
afterAll(loseDevice);

test('what was read from a device goes when its reader lets go of it, not when the device is lost', async () => {
  const read: WeakRef<object>[] = [];
  for (let i = 0; i < 20; i++) {
    const tensor = tf.fill([1000], i);
    read.push(new WeakRef(await download(tensor)));
    tensor.dispose();
  }
  await setTimeout(10);
  expect(canBeLost()).toBe(true);
  expect(heldOf(read)).toBeLessThan(2);
});
