import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { Backend } from '../../src/core/backend.ts';
import { useBackend } from '../../src/model/use-backend.ts';

const webgl: Backend = {
  kind: 'backend',
  name: 'webgl',
  load: async () => {},
};

test('a backend that registered nothing is named, and so are those that are there', async () => {
  await expect(useBackend(webgl)).rejects.toMatchObject({
    code: 'BACKEND_UNKNOWN',
    message: expect.stringMatching(/^The backend "webgl" could not start here\. .* loaded: none\./),
  });
  await useBackend(cpu());
  await expect(useBackend(webgl)).rejects.toThrow(/"webgl" could not start here\. .* loaded: cpu\./);
  expect(tf.getBackend()).toBe('cpu');
});

test.each([['wasm'], [undefined], [null], [{ name: 'cpu' }], [cpu]])('%o is no backend', async (given) => {
  await expect(useBackend(given as never)).rejects.toMatchObject({
    code: 'BACKEND_UNKNOWN',
    message: expect.stringMatching(/^useBackend received .*Pass a backend as a value, called: wasm\(\)/),
  });
});

test('what a backend throws while it loads is passed on', async () => {
  const failure = new Error('broken');
  await expect(useBackend({ ...webgl, load: () => Promise.reject(failure) })).rejects.toBe(failure);
});

test('a backend that cannot start leaves the one before it', async () => {
  await useBackend(cpu());
  const broken = () => {
    throw new Error('no such device');
  };
  const load = async () => void tf.registerBackend('webgl', broken);
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  await expect(useBackend({ ...webgl, load })).rejects.toMatchObject({ code: 'BACKEND_UNKNOWN' });
  expect(warn.mock.calls.flat().join()).toMatch(/no such device/);
  expect(tf.getBackend()).toBe('cpu');
  expect(tf.tidy(() => tf.add(1, 2).dataSync()[0])).toBe(3);
  warn.mockRestore();
  tf.removeBackend('webgl');
});

test('where the first backend cannot start, another one can', async () => {
  const factory = tf.findBackendFactory('cpu');
  tf.removeBackend('cpu');
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const load = async () => void tf.registerBackend('webgl', () => Promise.reject(new Error('no such file')));
  await expect(useBackend({ ...webgl, load })).rejects.toMatchObject({ code: 'BACKEND_UNKNOWN' });
  tf.registerBackend('cpu', factory);
  await useBackend(cpu());
  expect(tf.tidy(() => tf.add(1, 2).dataSync()[0])).toBe(3);
  expect(warn).toHaveBeenCalled();
  warn.mockRestore();
});
