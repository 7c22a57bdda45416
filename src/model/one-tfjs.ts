import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { TransferError } from '../core/errors.ts';
import { deviceLost, isLost } from './device.ts';

/**
 * Refuses to work beside a second copy of tfjs-core: copies share one engine, and tensors of one are not tensors of the
 * other (trap T18).
 *
 * @throws TransferError `DUPLICATE_TFJS`.
 */
export function assertOneTfjs(): void {
  const made = tf.tidy(() => tf.scalar(0).constructor === tf.Tensor);
  if (made && tf.version_core === tfl.version_layers) return;
  throw new TransferError(
    'DUPLICATE_TFJS',
    (made
      ? `@tensorflow/tfjs-core is ${tf.version_core} and @tensorflow/tfjs-layers is ${tfl.version_layers}. `
      : 'Two copies of @tensorflow/tfjs-core are loaded, and the engine is the other one. ') +
      'Install one version of both (npm ls @tensorflow/tfjs-core; npm dedupe), and do not mix a <script> build with an import.',
  );
}

/**
 * Waits until tfjs can make tensors.
 *
 * @throws TransferError `BACKEND_UNKNOWN` where no backend was chosen; `DEVICE_LOST`; `DUPLICATE_TFJS`.
 */
export async function assertReady(): Promise<void> {
  // That there is no backend is said below.
  await tf.ready().catch(() => {});
  assertBackend();
  assertOneTfjs();
}

/**
 * Refuses to make tensors before a backend was chosen.
 *
 * @throws TransferError `BACKEND_UNKNOWN`; `DEVICE_LOST`.
 */
export function assertBackend(): void {
  try {
    tf.backend();
  } catch (cause) {
    throw new TransferError(
      'BACKEND_UNKNOWN',
      'No backend is loaded. Call await useBackend(wasm()) first, with wasm from tfjs-transfer/backends/wasm (or cpu()).',
      { cause },
    );
  }
  if (isLost()) throw deviceLost();
}
