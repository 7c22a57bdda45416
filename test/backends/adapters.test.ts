import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { node } from '../../src/backends/node.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { webgl } from '../../src/backends/webgl.ts';
import { webgpu } from '../../src/backends/webgpu.ts';

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

describe('a backend in a place without it says what is missing and what would work', () => {
  test('webgl in Node', async () => {
    await expect(webgl().load()).rejects.toMatchObject({
      code: 'BACKEND_UNKNOWN',
      message: expect.stringMatching(
        /^The backend "webgl" needs a browser: .* node\(\) of .* wasm\(\) of tfjs-transfer/,
      ),
    });
  });

  test('webgpu without an adapter', async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    const gpu = { requestAdapter: async () => null };
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
    await expect(webgpu().load()).rejects.toMatchObject({
      code: 'BACKEND_UNKNOWN',
      message: expect.stringMatching(
        /gives no adapter for a graphics processor\. .* Vulkan .* wasm\(\) of tfjs-transfer/,
      ),
    });
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  });

  test('node where neither package is installed', async () => {
    await expect(node().load()).rejects.toMatchObject({
      code: 'PACKAGE_MISSING',
      message: expect.stringMatching(/^Neither @tensorflow\/tfjs-node nor .* npm install @tensorflow\/tfjs-node$/),
    });
  });

  test('and none of them leaves anything behind', () => {
    expect(tf.findBackendFactory('webgl')).toBeNull();
    expect(tf.findBackendFactory('tensorflow')).toBeNull();
  });
});
