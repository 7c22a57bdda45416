import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { serveParts } from '../model/serve-parts.ts';

/**
 * The program of a worker of {@link featureWorkers}: call it in a file of your app, and import your own layers there too.
 *
 * @param backends What the worker may compute on, told where its files lie as in the page; a run takes the one that it is
 * on itself.
 * @throws TransferError `INVALID_ORDER` outside a worker.
 *
 * @example
 * ```ts no-run
 * // feature-worker.js
 * import { wasm } from 'tfjs-transfer/backends/wasm';
 * import { serveFeatures } from 'tfjs-transfer/web';
 *
 * serveFeatures(wasm({ wasmPaths: '/wasm/' }));
 * ```
 */
export function serveFeatures(...backends: readonly Backend[]): void {
  // What a page has of a worker's global scope, in the types of a page.
  const scope = globalThis as unknown as Pick<Worker, 'postMessage' | 'addEventListener'>;
  if (typeof document !== 'undefined' || typeof scope.postMessage !== 'function') {
    throw new TransferError(
      'INVALID_ORDER',
      'serveFeatures was called outside a worker. Call it in a file of its own, and start that with featureWorkers(2, () => new Worker(...)).',
    );
  }
  void heldLock().then((lock) => {
    if (lock) scope.postMessage({ lock });
    serveParts(
      {
        post: (reply, moved) => scope.postMessage(reply, moved),
        listen: (onRequest) => scope.addEventListener('message', ({ data }) => onRequest(data)),
      },
      backends,
    );
  });
}

/** Takes a lock for as long as the worker lives. Pages without https or localhost have none. */
function heldLock(): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (!navigator.locks) return resolve(undefined);
    const name = `tfjs-transfer-worker-${crypto.randomUUID()}`;
    const forEver = new Promise<void>(() => {});
    navigator.locks
      .request(name, () => {
        resolve(name);
        return forEver;
      })
      .catch(() => resolve(undefined));
  });
}
