import * as tf from '@tensorflow/tfjs-core';
import { assertIsBackend, type Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { isLost } from './device.ts';
import { leave, renew, residentsOf } from './move-weights.ts';
import { assertOneTfjs } from './one-tfjs.ts';
import { runsGoing } from './runs.ts';

/**
 * Loads a backend and makes it the current one. It is the only function of the library that does.
 *
 * In the middle of a program it takes the weights of all models along, and frees the backend that it leaves (textures,
 * buffers, the WebAssembly memory) unless tensors of your own are still there. After a device was lost, call it again:
 * with the same backend it starts on a new device. Models that were trained on the lost one go on from their last whole
 * step; what was only loaded has to be loaded again.
 *
 * @param backend The backend, such as `wasm()` from `tfjs-transfer/backends/wasm`.
 * @throws TransferError `BACKEND_UNKNOWN` where it is no backend or cannot start here: the one before stays, and so do
 * the models; `PACKAGE_MISSING`, naming what to install; `INVALID_ORDER` while a run is going on on another backend.
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
  assertIsBackend('useBackend', backend);
  const name = tf.getBackend();
  // tf.findBackend would start one that failed to start, again.
  const left = tf.engine().registry[name];
  if (runsGoing() > 0 && left && name !== backend.name && !isLost(left)) {
    throw new TransferError(
      'INVALID_ORDER',
      `useBackend("${backend.name}") was called while ${runsGoing()} run${runsGoing() > 1 ? 's are' : ' is'} going on on "${name}". Await ` +
        'fineTune first, or stop it: pass a signal and abort it.',
    );
  }
  await backend.load();
  const residents = left ? await residentsOf(left) : [];
  if (left && isLost(left)) renew(name);
  if (tf.engine().registryFactory[backend.name] && (await tf.setBackend(backend.name))) {
    // Asking whether it is lost is what begins to watch the device.
    isLost();
    if (left && left !== tf.backend()) leave(name, left, residents);
    return assertOneTfjs();
  }
  // tfjs lets go of the current backend before it starts the other one.
  if (left) await tf.setBackend(name);
  const others = tf
    .engine()
    .backendNames()
    .filter((other) => other !== backend.name);
  throw new TransferError(
    'BACKEND_UNKNOWN',
    `The backend "${backend.name}" could not start here. The other backends that are loaded: ${others.join(', ') || 'none'}. ` +
      'Choose one of these, or look for the reason in what tfjs wrote to the console.',
  );
}
