// How much sooner two workers compute features than one: 384 pictures of 224 px through EfficientNet-Lite0 on WASM, in
// turns, three times each. Run it with `npm run bench:workers` on a machine with two idle cores or more.
import { availableParallelism, loadavg } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { attachHead, dispose, fineTune, linearProbe, loadBase, pipe, useBackend } from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { fromTensors } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { featureWorkers } from 'tfjs-transfer/node';
import { median } from './run/serve.mjs';

const pictures = 384;
const rounds = 3;

await useBackend(wasm());
const base = await loadBase(efficientNetLite0());
const model = pipe(base, attachHead(classifier(['a', 'b'])));

/** Made-up pictures: noise costs as much as anything. */
async function madeUp(count) {
  const pixels = tf.randomUniform([count, 224, 224, 3], 0, 255, 'float32', 7);
  const examples = await fromTensors(
    pixels,
    Array.from({ length: count }, (_, i) => i % 2),
  );
  pixels.dispose();
  return examples;
}

/** Seconds from the start of a run until the last feature is there. */
async function seconds(workers, train) {
  const start = performance.now();
  let end = start;
  const onEvent = ({ kind }) => {
    if (kind === 'features') end = performance.now();
  };
  const { model: tuned } = await fineTune(model, { train }, linearProbe({ epochs: 1 }), { workers, onEvent });
  dispose(tuned);
  return (end - start) / 1000;
}

const one = { workers: featureWorkers(1), times: [] };
const two = { workers: featureWorkers(2), times: [] };
// The first run of workers starts them and compiles: it does not count.
const few = await madeUp(64);
for (const { workers } of [one, two]) await seconds(workers, few);
const all = await madeUp(pictures);
console.log(`${availableParallelism()} cores, load before: ${loadavg()[0].toFixed(2)}`);
for (let round = 1; round <= rounds; round++) {
  for (const { workers, times } of [one, two]) {
    times.push(await seconds(workers, all));
    const took = `${times.at(-1).toFixed(1)} s, load ${loadavg()[0].toFixed(2)}`;
    console.log(`round ${round}, ${workers.count} worker${workers.count > 1 ? 's' : ''}: ${took}`);
  }
}
for (const { workers } of [one, two]) await workers.close();
const [slow, fast] = [median(one.times), median(two.times)];
console.log(
  `medians: ${slow.toFixed(1)} s with one worker, ${fast.toFixed(1)} s with two: ${(slow / fast).toFixed(2)} times`,
);
