// Where the time of a training step goes: `node bench/profile.mjs` prints the kernels of one step of all layers of
// EfficientNet-Lite0 at 224 px, batch 16, and of its last block on cached features, on WASM.

import * as tf from '@tensorflow/tfjs-core';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  attachHead,
  batchNorm,
  dispose,
  fineTuneSteps,
  loadBase,
  pipe,
  sequence,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { fromArrays } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';

await useBackend(wasm());
const times = new Map();
let nested = 0;
for (const { kernelName, backendName, kernelFunc } of tf.getKernelsForBackend('wasm')) {
  tf.unregisterKernel(kernelName, backendName);
  const timed = (call) => {
    const start = performance.now();
    const outside = nested;
    nested = 0;
    try {
      return kernelFunc(call);
    } finally {
      // What a kernel calls is counted with the kernel that is called.
      const whole = performance.now() - start;
      const { count = 0, milliseconds = 0 } = times.get(kernelName) ?? {};
      times.set(kernelName, { count: count + 1, milliseconds: milliseconds + whole - nested });
      nested = outside + whole;
    }
  };
  tf.registerKernel({ kernelName, backendName, kernelFunc: timed });
}

const batch = 16;
const shape = [4 * batch, 224, 224, 3];
const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i * 7919) % 256);
const data = {
  train: fromArrays(
    { values, shape },
    Array.from({ length: 4 * batch }, (_, i) => i % 2),
  ),
};
const model = pipe(await loadBase(efficientNetLite0()), attachHead(classifier(['even', 'odd'])));
const phase = train({ epochs: 2, batchSize: batch });
const strategies = {
  'all layers': sequence(unfreeze(), batchNorm('frozen'), phase),
  'the last block, on cached features': sequence(unfreezeTop('block7a'), phase),
};
for (const [name, strategy] of Object.entries(strategies)) {
  let steps = 0;
  let last = 0;
  let total = 0;
  for await (const event of fineTuneSteps(model, data, strategy)) {
    const now = performance.now();
    if (event.kind === 'step' && steps++ > 0) total += now - last;
    // The first step warms up.
    if (event.kind === 'step' && steps === 1) times.clear();
    if (event.kind === 'done') dispose(event.model);
    if (event.kind === 'step' && steps === 7) break;
    last = now;
  }
  const each = [...times].map(([kernel, { count, milliseconds }]) => ({
    kernel,
    count: count / 6,
    ms: milliseconds / 6,
  }));
  const inKernels = each.reduce((sum, { ms }) => sum + ms, 0);
  console.log(
    `\n${name}: a step of ${batch} pictures ${(total / 6).toFixed(0)} ms, ${inKernels.toFixed(0)} ms of it in kernels`,
  );
  for (const { kernel, count, ms } of each.sort((a, b) => b.ms - a.ms).slice(0, 12)) {
    console.log(`${kernel.padEnd(40)} ${count.toFixed(0).padStart(5)} times ${ms.toFixed(1).padStart(8)} ms`);
  }
}
