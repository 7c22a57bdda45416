import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { wasm } from '../../../src/backends/wasm.ts';
import { serveFeatures } from '../../../src/node/serve-features.ts';

/** What happens to a worker in the middle of its work. */
const fates = {
  none: () => {},
  exit: () => process.exit(3),
  error: () => {
    throw new Error('the disk is gone');
  },
  memory: () => {
    for (const all: unknown[] = []; ; ) all.push(new Array(1e6).fill(all.length + 0.5));
  },
  sleep: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500),
};

const { fate, batches } = workerData as { readonly fate: keyof typeof fates; readonly batches: number };
let begun = 0;
parentPort?.on('message', ({ kind }) => {
  if (kind === 'compute' && begun++ === batches) fates[fate]();
});
serveFeatures(wasm());
// After the end of each job, once it was worked off: how many tensors are left.
parentPort?.on('message', ({ kind }) => {
  if (kind === 'end') setTimeout(() => parentPort?.postMessage({ kind: 'left', tensors: tf.memory().numTensors }), 20);
});
