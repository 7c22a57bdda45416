import { parentPort, workerData } from 'node:worker_threads';
import { wasm } from '../../../src/backends/wasm.ts';
import { serveFeatures } from '../../../src/node/serve-features.ts';

/** How a worker ends in the middle of its work. */
const deaths = {
  exit: () => process.exit(3),
  error: () => {
    throw new Error('the disk is gone');
  },
  memory: () => {
    for (const all: unknown[] = []; ; ) all.push(new Array(1e6).fill(all.length + 0.5));
  },
};

const { how, batches } = workerData as { readonly how: keyof typeof deaths; readonly batches: number };
let begun = 0;
parentPort?.on('message', ({ kind }) => {
  if (kind === 'compute' && ++begun > batches) deaths[how]();
});
serveFeatures(wasm());
