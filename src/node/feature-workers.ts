import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FeatureWorkers } from '../core/feature-workers.ts';
import { workersOver } from '../core/worker-ports.ts';

/**
 * Workers that compute features on further cores: a setting of a run. Each has a WebAssembly instance of its own; batches
 * are the same as without, and so are the bits. They start with the first run that needs them, serve one run after the
 * other, and keep no process alive while they are idle.
 *
 * Reading and augmenting pictures stays in the thread of the run, and so do training, and features that are not kept.
 *
 * @param count How many: no more than there are cores.
 * @param start Starts a worker of your own, whose program calls {@link serveFeatures}: one that imports your layers, or
 * serves another backend. Default: one that serves `wasm()` and `cpu()`.
 * @returns The workers. `close()` ends them.
 * @throws TransferError `INVALID_ARGUMENT` where the count is no whole number from 1.
 *
 * @example
 * ```ts
 * import { attachHead, fineTune, linearProbe, pipe, useBackend } from 'tfjs-transfer';
 * import { wasm } from 'tfjs-transfer/backends/wasm';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { featureWorkers, imageFolder } from 'tfjs-transfer/node';
 *
 * await useBackend(wasm());
 * const data = await imageFolder('flowers/');
 * const model = pipe(tinyCnn(), attachHead(classifier(data.labels)));
 * const workers = featureWorkers(2);
 * const { model: tuned } = await fineTune(model, data, linearProbe(), { workers });
 * await workers.close();
 * ```
 */
export function featureWorkers(count: number, start: () => Worker = startProgram): FeatureWorkers {
  return workersOver(count, ({ message, gone }) => {
    const worker = start();
    worker.unref();
    worker.on('message', message);
    worker.on('messageerror', (error) => gone(error.message));
    worker.on('error', (error) => gone(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => gone(`it ended with exit code ${code}`));
    return {
      post: (request) => worker.postMessage(request),
      busy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
      end: () => worker.terminate(),
    };
  });
}

// Beside this file, in the sources and in the package; below it in CommonJS, where this code is in a chunk.
const programs = ['./feature-worker.ts', './feature-worker.js', './node/feature-worker.js'];

// CommonJS has no import.meta, and ES modules have no __filename.
declare const __filename: string | undefined;
const here = () => (typeof __filename === 'string' ? pathToFileURL(__filename) : import.meta.url);

function startProgram(): Worker {
  const urls = programs.map((path) => new URL(path, here()));
  return new Worker(urls.find((url) => existsSync(url)) ?? (urls[1] as URL));
}
