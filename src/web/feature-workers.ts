import type { FeatureWorkers } from '../core/feature-workers.ts';
import { type WorkerReply, workersOver } from '../core/worker-ports.ts';

/**
 * Workers that compute features on further cores: a setting of a run. Each has a WebAssembly instance of its own; batches
 * are the same as without, and so are the bits. They start with the first run that needs them, and serve one run after the
 * other until they are closed.
 *
 * Reading and augmenting pictures stays in the page, and so do training, and features that are not kept.
 *
 * @param count How many: no more than `navigator.hardwareConcurrency`.
 * @param start Starts a worker of the app, whose program calls {@link serveFeatures}. Written as in the example, bundlers
 * find the program.
 * @returns The workers. `close()` ends them.
 * @throws TransferError `INVALID_ARGUMENT` where the count is no whole number from 1.
 *
 * @example
 * ```ts no-run
 * import { attachHead, fineTune, linearProbe, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { featureWorkers, imageFiles } from 'tfjs-transfer/web';
 *
 * const data = await imageFiles(document.querySelector<HTMLInputElement>('input[type=file]')?.files ?? []);
 * const model = pipe(tinyCnn(), attachHead(classifier(data.labels)));
 * const program = () => new Worker(new URL('./feature-worker.js', import.meta.url), { type: 'module' });
 * const workers = featureWorkers(2, program);
 * const { model: tuned } = await fineTune(model, data, linearProbe(), { workers });
 * await workers.close();
 * ```
 */
export function featureWorkers(count: number, start: () => Worker): FeatureWorkers {
  return workersOver(count, ({ message, gone }) => {
    const worker = start();
    worker.onmessage = ({ data }: MessageEvent<WorkerReply | { readonly lock: string }>) => {
      if ('lock' in data) whenReleased(data.lock, () => gone('it ended'));
      else message(data);
    };
    worker.onmessageerror = () => gone('what it sent cannot be read');
    worker.onerror = (event) => {
      event.preventDefault();
      gone(event.message || 'its program cannot be loaded, or fails while it loads');
    };
    return {
      post: (request) => worker.postMessage(request),
      busy: () => {},
      end: () => void worker.terminate(),
    };
  });
}

/** A page is not told that a worker ended. So each holds a lock as long as it lives, which is the page's turn then. */
function whenReleased(name: string, act: () => void): void {
  navigator.locks.request(name, act).catch(() => {});
}
