import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';

const packageName = '@tensorflow/tfjs-backend-wasm';

function notFound(name: string): Error {
  const message = `Cannot find package '${name}' imported from /app/node_modules/${packageName}/index.js`;
  return Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
}

test('nothing happens before a backend is loaded, and a second load does nothing', async () => {
  const registered = () => ['cpu', 'wasm'].map((name) => tf.findBackendFactory(name) !== null);
  const backends = [cpu(), wasm()] as const;
  expect(registered()).toEqual([false, false]);
  expect(tf.getKernelsForBackend('wasm')).toEqual([]);
  for (const backend of backends) await backend.load();
  expect(registered()).toEqual([true, true]);
  const kernels = tf.getKernelsForBackend('wasm');
  for (const backend of backends) await backend.load();
  expect(tf.getKernelsForBackend('wasm')).toEqual(kernels);
});

test('a package that is not there is named, with what to run', async () => {
  const lib = () => Promise.reject(notFound(packageName));
  await expect(wasm({ lib }).load()).rejects.toMatchObject({
    code: 'PACKAGE_MISSING',
    message: `The package ${packageName} is not installed. Run: npm install ${packageName}`,
    cause: { code: 'ERR_MODULE_NOT_FOUND' },
  });
  const missingCpu = () => Promise.reject(notFound('@tensorflow/tfjs-backend-cpu'));
  await expect(cpu({ lib: missingCpu }).load()).rejects.toThrow(/npm install @tensorflow\/tfjs-backend-cpu$/);
});

test('another failure is passed on as it is', async () => {
  for (const failure of [new Error('broken'), notFound('seedrandom')]) {
    await expect(wasm({ lib: () => Promise.reject(failure) }).load()).rejects.toBe(failure);
  }
});

test('the paths of the .wasm files reach the package', async () => {
  const seen: unknown[] = [];
  const lib = async () => ({ setWasmPaths: (paths: unknown) => seen.push(paths) });
  await wasm({ lib }).load();
  expect(seen).toEqual([]);
  await wasm({ lib, wasmPaths: '/static/' }).load();
  expect(seen).toEqual(['/static/']);
});
