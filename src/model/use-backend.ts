import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { assertOneTfjs } from './one-tfjs.ts';

/**
 * Loads a backend and makes it the current one. It is the only function of the library that does.
 *
 * @param backend The backend, such as `wasm()` from `tfjs-transfer/backends/wasm`.
 * @throws TransferError `BACKEND_UNKNOWN` where it is no backend or cannot start here; `PACKAGE_MISSING`, naming what to
 * install.
 *
 * @example
 * ```ts
 * import { useBackend } from 'tfjs-transfer';
 * import { cpu } from 'tfjs-transfer/backends/cpu';
 *
 * await useBackend(cpu());
 * ```
 */
export async function useBackend(backend: Backend): Promise<void> {
  if (backend?.kind !== 'backend') {
    throw new TransferError(
      'BACKEND_UNKNOWN',
      `useBackend received ${JSON.stringify(backend)}. Pass a backend as a value: wasm() of tfjs-transfer/backends/wasm, or cpu() of tfjs-transfer/backends/cpu.`,
    );
  }
  await backend.load();
  const before = tf.getBackend();
  if (tf.engine().registryFactory[backend.name] && (await tf.setBackend(backend.name))) return assertOneTfjs();
  // tfjs lets go of the current backend before it starts the other one.
  if (before) await tf.setBackend(before);
  const others = tf
    .engine()
    .backendNames()
    .filter((name) => name !== backend.name);
  throw new TransferError(
    'BACKEND_UNKNOWN',
    `The backend "${backend.name}" could not start here. The other backends that are loaded: ${others.join(', ') || 'none'}. ` +
      'Choose one of these, or look for the reason in what tfjs wrote to the console.',
  );
}
