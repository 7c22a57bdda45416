import { parentPort } from 'node:worker_threads';
import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { serveParts } from '../model/serve-parts.ts';

/**
 * The program of a worker of {@link featureWorkers}, for those that need more than the default one has: import your layers,
 * then call it.
 *
 * @param backends What the worker may compute on; a run takes the one that it is on itself.
 * @throws TransferError `INVALID_ORDER` outside a worker.
 *
 * @example
 * ```ts no-run
 * // feature-worker.js, for featureWorkers(2, () => new Worker(new URL('./feature-worker.js', import.meta.url)))
 * import { wasm } from 'tfjs-transfer/backends/wasm';
 * import { serveFeatures } from 'tfjs-transfer/node';
 * // import './my-layers.js'; // calls tf.serialization.registerClass
 *
 * serveFeatures(wasm());
 * ```
 */
export function serveFeatures(...backends: readonly Backend[]): void {
  const port = parentPort;
  if (!port) {
    throw new TransferError(
      'INVALID_ORDER',
      'serveFeatures was called outside a worker. Call it in a file of its own, and start that with featureWorkers(2, () => new Worker(...)).',
    );
  }
  serveParts(
    {
      post: (reply, moved) => port.postMessage(reply, moved),
      listen: (onRequest) => port.on('message', onRequest),
    },
    backends,
  );
}
