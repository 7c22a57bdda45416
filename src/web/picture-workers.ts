import { type PixelSize, type Pixels, withChannels } from '../model/pixels.ts';
import { type PictureReply, type PictureRequest, workerSource } from './worker-source.ts';

/** Workers that draw pictures. */
export interface PictureWorkers {
  /**
   * Draws a picture in a worker.
   *
   * @returns The pixels; undefined where there can be no worker (none in this browser, or a Content-Security-Policy
   * without `worker-src blob:`). It rejects where the picture cannot be drawn.
   */
  draw(source: PictureRequest['source'], size: PixelSize): Promise<Pixels | undefined>;
}

/** How long idle workers are kept. */
const idleMs = 5000;

/** Makes workers that draw pictures, up to four. They start with the first picture and end when none was drawn for a while. */
export function pictureWorkers(): PictureWorkers {
  const most = Math.min(4, Math.max(1, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));
  const idle: Worker[] = [];
  const waiting: ((worker: Worker | undefined) => void)[] = [];
  let count = 0;
  let forbidden = typeof Worker !== 'function';
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function take(): Promise<Worker | undefined> {
    clearTimeout(timer);
    if (forbidden) return undefined;
    const free = idle.pop();
    if (free) return free;
    if (count >= most) return new Promise((resolve) => waiting.push(resolve));
    count++;
    const worker = await startWorker();
    if (worker) return worker;
    count--;
    forbidden = true;
    for (const resolve of waiting.splice(0)) resolve(undefined);
    return undefined;
  }

  function give(worker: Worker): void {
    const next = waiting.shift();
    if (next) next(worker);
    else idle.push(worker);
    if (idle.length === count) timer = setTimeout(end, idleMs);
  }

  function end(): void {
    for (const worker of idle.splice(0)) worker.terminate();
    count = 0;
  }

  return {
    async draw(source, size) {
      const worker = await take();
      if (!worker) return undefined;
      try {
        const reply = await ask(worker, { source, size: { width: size.width, height: size.height } });
        if ('reason' in reply) throw new Error(reply.reason);
        return withChannels(reply.pixels, size.channels);
      } finally {
        give(worker);
      }
    },
  };
}

/** Starts a worker; undefined where the browser has none, or the page forbids it. */
function startWorker(): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(new Blob([workerSource()], { type: 'text/javascript' }));
    const finish = (worker?: Worker) => {
      URL.revokeObjectURL(url);
      resolve(worker);
    };
    try {
      const worker = new Worker(url);
      worker.onmessage = () => finish(worker);
      worker.onerror = (event) => {
        event.preventDefault();
        finish();
      };
    } catch {
      finish();
    }
  });
}

function ask(worker: Worker, request: PictureRequest): Promise<Exclude<PictureReply, 'ready'>> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Exclude<PictureReply, 'ready'>>) => resolve(data);
    worker.postMessage(request);
  });
}
