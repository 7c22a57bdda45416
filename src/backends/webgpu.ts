/**
 * WebGPU in browsers, and in Node through Dawn.
 *
 * @module tfjs-transfer/backends/webgpu
 */

import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import { importPackage } from './import-package.ts';
import { registerGradients } from './shared/register.ts';
import { registerWebgpuKernels } from './webgpu/register.ts';

/** Settings of {@link webgpu}. */
export interface WebgpuSettings {
  /** Imports the package, for bundlers that must see the import. Default: `import('@tensorflow/tfjs-backend-webgpu')`. */
  readonly lib?: () => Promise<unknown>;
}

/** What is used of the npm package `webgpu`, which is Dawn. */
interface Dawn {
  create(options: readonly string[]): object;
  readonly globals: object;
}

/**
 * The WebGPU backend of tfjs: in browsers that have WebGPU, and in Node through the npm package `webgpu` (Dawn), whose
 * globals it defines (`GPUBufferUsage`, `navigator.gpu`, ...), because tfjs looks for them there.
 *
 * @param settings How to import its package.
 * @returns The backend, for `useBackend`. Its `load` throws TransferError `PACKAGE_MISSING` where a package is not
 *   installed, and `BACKEND_UNKNOWN` where there is no graphics adapter.
 *
 * @example
 * ```ts
 * import { useBackend } from 'tfjs-transfer';
 * import { cpu } from 'tfjs-transfer/backends/cpu';
 * import { webgpu } from 'tfjs-transfer/backends/webgpu';
 *
 * await useBackend(webgpu()).catch(() => useBackend(cpu()));
 * ```
 */
export function webgpu(settings: WebgpuSettings = {}): Backend {
  assertSettings('webgpu', settings, { lib: Function });
  const { lib = () => import('@tensorflow/tfjs-backend-webgpu') } = settings;
  return {
    kind: 'backend',
    name: 'webgpu',
    load: async () => {
      if (globalThis.process?.versions?.node && !gpuOf(globalThis.navigator)) await defineDawn();
      const gpu = gpuOf(globalThis.navigator);
      // tfjs registers the backend only where `navigator.gpu` was there at the import, and fails on a null adapter.
      if (!(await gpu?.requestAdapter())) throw new TransferError('BACKEND_UNKNOWN', noAdapter(gpu !== undefined));
      await importPackage(lib, '@tensorflow/tfjs-backend-webgpu');
      registerWebgpuKernels();
      registerGradients();
      // Else small tensors are computed here or there, as they happen to lie, and the same seed gives other bits.
      tf.env().set('WEBGPU_CPU_FORWARD', false);
    },
  };
}

const gpuOf = (navigator: unknown) =>
  (navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } } | undefined)?.gpu;

async function defineDawn(): Promise<void> {
  // The name is a variable on purpose: a bundler for browsers must not look for it.
  const name = 'webgpu';
  const { create, globals } = (await importPackage(
    () => import(/* webpackIgnore: true */ /* @vite-ignore */ name),
    name,
  )) as Dawn;
  Object.assign(globalThis, globals);
  // Node 20 has no navigator, and newer ones have one that is not for writing.
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: create([]), configurable: true });
  if (!globalThis.navigator) Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

function noAdapter(hasGpu: boolean): string {
  return hasGpu
    ? 'The backend "webgpu" could not start: WebGPU is there, but gives no adapter for a graphics processor. In Node, ' +
        'Dawn needs a Vulkan driver (libvulkan.so.1 and an ICD; SwiftShader is one in software); in a browser, hardware ' +
        'acceleration must be on. What works everywhere: wasm() of tfjs-transfer/backends/wasm.'
    : 'The backend "webgpu" needs navigator.gpu, which is not here: the browser has no WebGPU, or the page is not served ' +
        'over https or from localhost. Choose webgl() of tfjs-transfer/backends/webgl or wasm() of tfjs-transfer/backends/wasm.';
}
