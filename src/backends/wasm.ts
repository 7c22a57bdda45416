/**
 * The WebAssembly backend, with the kernels that training needs.
 *
 * @module tfjs-transfer/backends/wasm
 */

import type { Backend } from '../core/backend.ts';
import { assertSettings } from '../core/settings.ts';
import { importPackage } from './import-package.ts';
import { registerGradients } from './shared/register.ts';
import { compileKernels } from './wasm/native.ts';
import { registerTrainingKernels } from './wasm/register.ts';

/** Settings of {@link wasm}. */
export interface WasmSettings {
  /** Imports the package, for bundlers that must see the import. Default: `import('@tensorflow/tfjs-backend-wasm')`. */
  readonly lib?: () => Promise<unknown>;
  /** Where the .wasm files lie, as `setWasmPaths` takes it. Default: beside the package, which Node finds by itself. */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
}

/** What is used of the package. */
interface WasmPackage {
  setWasmPaths(prefixOrFileMap: string | Readonly<Record<string, string>>): void;
}

/**
 * The WebAssembly backend of tfjs, with the gradient kernels that it lacks, so that convolutions and embeddings train.
 * Once it is loaded, the kernels are there for plain tfjs too.
 *
 * @param settings How to import its package, and where its .wasm files lie.
 * @returns The backend, for `useBackend`. Its `load` throws TransferError `PACKAGE_MISSING` where the package is not
 *   installed.
 *
 * @example
 * ```ts
 * import { useBackend } from 'tfjs-transfer';
 * import { wasm } from 'tfjs-transfer/backends/wasm';
 *
 * await useBackend(wasm());
 * ```
 */
export function wasm(settings: WasmSettings = {}): Backend {
  assertSettings('wasm', settings, { lib: Function, wasmPaths: undefined });
  const { lib = () => import('@tensorflow/tfjs-backend-wasm'), wasmPaths } = settings;
  return {
    kind: 'backend',
    name: 'wasm',
    load: async () => {
      const { setWasmPaths } = (await importPackage(lib, '@tensorflow/tfjs-backend-wasm')) as WasmPackage;
      if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
      await compileKernels();
      registerTrainingKernels();
      registerGradients();
    },
  };
}
