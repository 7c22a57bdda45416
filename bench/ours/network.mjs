// EfficientNet-Lite0 at 224 px by this library's public functions, on WASM: nothing here is special to the benchmark.
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  attachHead,
  batchNorm,
  dispose,
  evaluate,
  fineTune,
  fineTuneSteps,
  linearProbe,
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
import { readPictures, size } from '../run/pictures.mjs';
import { median, secondsOf, serve } from '../run/serve.mjs';

await useBackend(wasm());
const { pixels, labels, classes } = await readPictures();
const names = Array.from({ length: classes }, (_, index) => `class ${index}`);
const model = pipe(await loadBase(efficientNetLite0()), attachHead(classifier(names)));
const first = (count) =>
  fromArrays(
    { values: pixels.subarray(0, count * size * size * 3), shape: [count, size, size, 3] },
    labels.slice(0, count),
  );
const all = first(labels.length);

/** Seconds between events: of each training step, and of each pass over the validation split. */
async function times(strategy, data) {
  const steps = [];
  const validations = [];
  let last = performance.now();
  for await (const event of fineTuneSteps(model, data, strategy)) {
    const now = performance.now();
    if (event.kind === 'step') steps.push((now - last) / 1000);
    if (event.kind === 'epoch' && event.epoch > 0) validations.push((now - last) / 1000);
    if (event.kind === 'done') dispose(event.model);
    last = now;
  }
  return { steps, validations };
}

const batch = 16;
const lastBlock = unfreezeTop('block7a');
const head = { epochs: 10, batchSize: 32, learningRate: 1e-3 };
const job = sequence(linearProbe(head), lastBlock, train({ ...head, epochs: 5, learningRate: 1e-4 }));
const run = async (strategy) => {
  const { model: tuned } = await fineTune(model, { train: all }, strategy);
  dispose(tuned);
};
/** Seconds a picture until the features of so many are cached. */
const features = (count) => async () => {
  const targets = Array.from({ length: count }, (_, index) => labels[index % labels.length]);
  const read = (indices, request) =>
    all.read(
      indices.map((index) => index % labels.length),
      request,
    );
  const start = performance.now();
  for await (const event of fineTuneSteps(
    model,
    { train: { ...all, size: count, targets, read } },
    linearProbe(head),
  )) {
    if (event.kind === 'step') break;
  }
  return (performance.now() - start) / 1000 / count;
};
await serve(`tfjs-transfer, WASM, Node ${process.versions.node}`, {
  forward: async () => (await secondsOf(() => evaluate(model, all))) / all.size,
  step: async () => {
    const strategy = sequence(unfreeze(), batchNorm('frozen'), train({ epochs: 1, batchSize: batch }));
    const { steps } = await times(strategy, { train: first(4 * batch) });
    return median(steps.slice(1)) / batch;
  },
  'last block, step': async () => {
    const { steps } = await times(sequence(lastBlock, train({ epochs: 2, batchSize: batch })), {
      train: first(4 * batch),
    });
    return median(steps.slice(1)) / batch;
  },
  'last block, forward': async () => {
    const data = { train: first(batch), validation: first(4 * batch) };
    const { validations } = await times(sequence(lastBlock, train({ epochs: 5, batchSize: batch })), data);
    return median(validations) / (4 * batch);
  },
  'features of 64': features(64),
  'features of 2,048': features(2048),
  job: () => secondsOf(() => run(job)),
  'head phase': () => secondsOf(() => run(linearProbe(head))),
});
