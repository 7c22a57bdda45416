import { type ErrorCode, TransferError } from './errors.ts';
import type { FeaturePart, FeatureWorkers, SentValue } from './feature-workers.ts';

/** What a worker is asked to do. */
type WorkerTask =
  | { readonly kind: 'begin'; readonly job: number; readonly part: FeaturePart }
  | { readonly kind: 'compute'; readonly job: number; readonly given: readonly SentValue[] }
  | { readonly kind: 'end'; readonly job: number };

/** A task with the number that its answer names. */
export type WorkerRequest = WorkerTask & { readonly id: number };

/** What a worker says: that it listens, then an answer to each request. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly result: readonly SentValue[] }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** A worker of the platform: of Node, or of a browser. */
interface WorkerPort {
  post(request: WorkerRequest): void;
  /** Whether an answer is awaited: an idle worker keeps no process alive. */
  busy(isBusy: boolean): void;
  /** Ends the worker. */
  end(): Promise<unknown> | undefined;
}

/** Starts a worker, and tells what comes of it: its messages, and why it is gone. */
export type OpenWorker = (told: {
  readonly message: (reply: WorkerReply) => void;
  readonly gone: (reason: string) => void;
}) => WorkerPort;

/**
 * Makes workers of a platform to workers that compute features. They start with the first job, and wait for the next one
 * until they are closed.
 *
 * @param count How many.
 * @param open Starts one.
 * @throws TransferError `INVALID_ARGUMENT` where the count is no whole number from 1.
 */
export function workersOver(count: number, open: OpenWorker): FeatureWorkers {
  if (!(Number.isSafeInteger(count) && count >= 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `featureWorkers received ${typeof count === 'string' ? `"${count}"` : String(count)} as their number. Pass a whole number from 1; as many as there are cores is the most that is worth it.`,
    );
  }
  const running = new Set<RunningWorker>();
  let jobs = 0;
  return Object.freeze({
    kind: 'feature-workers' as const,
    count,
    async begin(part: FeaturePart) {
      while (running.size < count) {
        const worker = startWorker(open, () => running.delete(worker));
        running.add(worker);
      }
      const workers = [...running];
      const job = ++jobs;
      const end = () => {
        // Who is gone has freed it already.
        for (const worker of workers) worker.ask({ kind: 'end', job }).catch(() => {});
      };
      try {
        await Promise.all(workers.map((worker) => worker.ask({ kind: 'begin', job, part })));
      } catch (error) {
        end();
        throw error;
      }
      const one = (worker: RunningWorker) => ({
        compute: (given: readonly SentValue[]) => worker.ask({ kind: 'compute', job, given }),
        end: () => void worker.end('it failed'),
      });
      return { workers: workers.map(one), end };
    },
    async close() {
      await Promise.all([...running].map((worker) => worker.end('it was closed')));
    },
  });
}

interface RunningWorker {
  ask(task: WorkerTask): Promise<readonly SentValue[]>;
  end(reason: string): Promise<unknown> | undefined;
}

interface Asker {
  resolve(result: readonly SentValue[]): void;
  reject(error: unknown): void;
}

function startWorker(open: OpenWorker, whenGone: () => void): RunningWorker {
  const askers = new Map<number, Asker>();
  let asked = 0;
  let gone: Error | undefined;
  let listens = false;
  let begin = () => {};
  // What is posted to a page's worker before its program listens may be lost.
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const end = (reason: string) => {
    if (gone) return undefined;
    gone = listens ? new Error(reason) : couldNotStart(reason);
    whenGone();
    for (const { reject } of askers.values()) reject(gone);
    askers.clear();
    return port.end();
  };
  const port = open({
    message(reply) {
      if (reply.kind === 'ready') {
        listens = true;
        return begin();
      }
      const asker = askers.get(reply.id);
      askers.delete(reply.id);
      if (askers.size === 0) port.busy(false);
      if (reply.kind === 'done') asker?.resolve(reply.result);
      else asker?.reject(new TransferError(reply.code, reply.message));
    },
    gone: (reason) => void end(reason),
  });
  return {
    end,
    ask(task) {
      const id = ++asked;
      return new Promise((resolve, reject) => {
        if (gone) return reject(gone);
        askers.set(id, { resolve, reject });
        port.busy(true);
        ready.then(() => port.post({ ...task, id })).catch(reject);
      });
    },
  };
}

const couldNotStart = (reason: string) =>
  new TransferError(
    'RUN_FAILED',
    `A worker for features could not start: ${reason.replace(/\.$/, '')}. Look at the program that it runs (the second argument of featureWorkers), which has to call serveFeatures, or pass no workers.`,
  );
