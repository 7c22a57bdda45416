/**
 * Native TensorFlow in Node.
 *
 * @module tfjs-transfer/backends/node
 */

import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';
import { isMissingPackage } from '../core/missing-package.ts';
import { assertSettings } from '../core/settings.ts';
import { registerKernels } from './shared/kernel.ts';
import { registerGradients } from './shared/register.ts';
import { halfPixelGradients } from './shared/resize-gradients.ts';

/** Settings of {@link node}. */
export interface NodeSettings {
  /** Imports the package. Default: `@tensorflow/tfjs-node-gpu` where the app has it, else `@tensorflow/tfjs-node`. */
  readonly lib?: () => Promise<unknown>;
}

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/**
 * Native TensorFlow in Node, on the processor (`@tensorflow/tfjs-node`) or an NVIDIA GPU (`@tensorflow/tfjs-node-gpu`),
 * whichever the app has installed. tfjs registers it as `tensorflow`.
 *
 * tfjs-node 4.22 calls two functions of Node that version 23 took away (`util.isNullOrUndefined`, `util.isArray`); where
 * they are gone, loading defines them on Node's `util`.
 *
 * @param settings How to import its package.
 * @returns The backend, for `useBackend`. Its `load` throws TransferError `PACKAGE_MISSING` where neither package is
 *   installed, and `BACKEND_UNKNOWN` outside Node or where its native library cannot be loaded.
 *
 * @example
 * ```ts
 * import { useBackend } from 'tfjs-transfer';
 * import { node } from 'tfjs-transfer/backends/node';
 * import { wasm } from 'tfjs-transfer/backends/wasm';
 *
 * await useBackend(node()).catch(() => useBackend(wasm()));
 * ```
 */
export function node(settings: NodeSettings = {}): Backend {
  assertSettings('node', settings, { lib: Function });
  const { lib = importInstalled } = settings;
  return {
    kind: 'backend',
    name: 'tensorflow',
    load: async () => {
      const util = nodeBuiltin('node:util') as Record<string, unknown> | undefined;
      if (!util) {
        throw new TransferError(
          'BACKEND_UNKNOWN',
          'The backend "node" needs Node 20.16 or newer. In a browser, choose webgl() of tfjs-transfer/backends/webgl, or ' +
            'wasm() of tfjs-transfer/backends/wasm, which works everywhere.',
        );
      }
      util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
      util.isArray ??= Array.isArray;
      await lib();
      registerKernels('tensorflow', halfPixelGradients);
      registerGradients();
    },
  };
}

async function importInstalled(): Promise<unknown> {
  for (const name of packages) {
    try {
      return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
    } catch (cause) {
      if (isMissingPackage(cause, name)) continue;
      throw new TransferError(
        'BACKEND_UNKNOWN',
        `The package ${name} is installed, but its native library cannot be loaded: ` +
          `${String((cause as Error).message).split('\n', 1)[0]} Run: npm rebuild ${name} --build-from-source, or choose ` +
          'wasm() of tfjs-transfer/backends/wasm.',
        { cause },
      );
    }
  }
  throw new TransferError(
    'PACKAGE_MISSING',
    'Neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed. Run: npm install @tensorflow/tfjs-node',
  );
}
