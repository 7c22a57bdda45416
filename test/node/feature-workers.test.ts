import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { Examples } from '../../src/core/data.ts';
import type { TrainEvent } from '../../src/core/events.ts';
import type { FeatureWorker, FeatureWorkers } from '../../src/core/feature-workers.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { fromTensors } from '../../src/data/from-tensors.ts';
import { fromArrays } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  dispose,
  type FineTuneSettings,
  fineTune,
  linearProbe,
  loadBase,
  pipe,
  probeThenTune,
  type Strategy,
  sequence,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { featureWorkers } from '../../src/node/feature-workers.ts';
import { serveFeatures } from '../../src/node/serve-features.ts';
import { heldOf } from '../support/collected.ts';
import { doubling, registerDoubling } from '../support/workers/doubling-layer.ts';

const size = 16;
const workers = featureWorkers(2);
let model: TransferModel;
let examples: Examples;

beforeAll(async () => {
  await useBackend(wasm());
  model = pipe(tinyCnn({ size }), attachHead(classifier(['dark', 'light'])));
  const pictures = tf.randomUniform([22, size, size, 3], 0, 255, 'float32', 7);
  examples = await fromTensors(
    pictures,
    Array.from({ length: 22 }, (_, i) => i % 2),
  );
  pictures.dispose();
});
afterAll(async () => {
  await workers.close();
  dispose(model);
});

const strategy = probeThenTune({ top: 2, probe: { epochs: 2, batchSize: 4 }, tune: { epochs: 2, batchSize: 4 } });

interface Ran {
  /** The hash of every weight of the tuned model. */
  readonly weights: Readonly<Record<string, string>>;
  readonly events: readonly TrainEvent[];
  readonly died: readonly string[];
}

async function ran(
  settings: FineTuneSettings = {},
  of = model,
  data = examples,
  how: Strategy = strategy,
): Promise<Ran> {
  const events: TrainEvent[] = [];
  const before = tf.memory().numTensors;
  const onEvent = (event: TrainEvent) => {
    events.push(event);
    settings.onEvent?.(event);
  };
  const { model: tuned } = await fineTune(of, { train: data }, how, { seed: 7, ...settings, onEvent });
  const weights = hashesOf(tuned);
  dispose(tuned);
  expect(tf.memory().numTensors).toBe(before);
  const died = events.flatMap((event) => (event.kind === 'workerDied' ? [`${event.reason}: ${event.left}`] : []));
  return { weights, events, died };
}

function hashesOf(tuned: TransferModel): Ran['weights'] {
  const { variables } = networkBehind(tuned);
  const hash = (tensor: tf.Tensor) => createHash('sha256').update(new Uint8Array(tensor.dataSync().slice().buffer));
  return Object.fromEntries(
    [...variables.keys()].map((key) => [key, hash(tensorOf(variables, tuned.lease.values, key)).digest('hex')]),
  );
}

const featuresIn = ({ events }: Ran) => events.filter(({ kind }) => kind === 'features');

test('one worker, two, and none give the same bits and the same events', async () => {
  const none = await ran();
  const one = featureWorkers(1);
  for (const some of [one, workers]) {
    const result = await ran({ workers: some });
    expect(result.weights).toEqual(none.weights);
    expect(result.events.filter(({ kind }) => kind !== 'done')).toEqual(
      none.events.filter(({ kind }) => kind !== 'done'),
    );
  }
  expect(featuresIn(none).length).toBeGreaterThan(6);
  await one.close();
});

test('what workers sent goes when it is kept, not when the job ends', async () => {
  const sent: WeakRef<object>[] = [];
  const watched: FeatureWorkers = {
    ...workers,
    async begin(part) {
      const job = await workers.begin(part);
      const watch = (worker: FeatureWorker): FeatureWorker => ({
        ...worker,
        async compute(given) {
          const result = await worker.compute(given);
          sent.push(new WeakRef(result));
          return result;
        },
      });
      return { ...job, workers: job.workers.map(watch) };
    },
  };
  let held = 0;
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'features' && event.done === 20) held = heldOf(sent);
  };
  await ran({ workers: watched, onEvent }, model, examples, linearProbe({ epochs: 1, batchSize: 1 }));
  expect(sent.length).toBe(22);
  // Those that are under way.
  expect(held).toBeLessThan(6);
});

test('the pretrained base, with views: the same bits', async () => {
  const base = await loadBase(efficientNetLite0());
  const pretrained = pipe(base, attachHead(classifier(['dark', 'light'])));
  const pixels = tf.randomUniform([5, 224, 224, 3], 0, 255, 'float32', 7);
  const plain = await fromTensors(pixels, [0, 1, 0, 1, 0]);
  pixels.dispose();
  const seen: (number | undefined)[] = [];
  const pictures: Examples = {
    ...plain,
    augmented: true,
    async read(indices, request) {
      seen.push(request.view);
      const [read] = (await plain.read(indices, request)) as [tf.Tensor4D];
      return [request.view === 1 ? tf.tidy(() => tf.image.flipLeftRight(read)) : read].map((result) => {
        if (result !== read) read.dispose();
        return result;
      });
    },
  };
  const how = sequence(train({ epochs: 2, batchSize: 2, views: 2 }));
  const none = await ran({}, pretrained, pictures, how);
  expect((await ran({ workers }, pretrained, pictures, how)).weights).toEqual(none.weights);
  expect(seen).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
  dispose(pretrained);
  dispose(base);
});

/** Workers; what happens to the first of them, after how many batches. */
function fated(count: number, first: number, fate: string, batches: number, started: Worker[] = []) {
  return featureWorkers(count, () => {
    const workerData = { fate: started.length < first ? fate : 'none', batches };
    const worker = new Worker(program('fated'), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: 300 },
      stderr: true,
    });
    started.push(worker);
    return worker;
  });
}

const program = (name: string) => new URL(`../support/workers/${name}.ts`, import.meta.url);

test.each([
  ['exit', /^it ended with exit code 3: 1$/],
  ['error', /^the disk is gone: 1$/],
  ['memory', /memory limit.*: 1$/],
])('where a worker ends (%s), another does its work: the same bits', async (fate, died) => {
  const some = fated(2, 1, fate, 1);
  const none = await ran();
  const result = await ran({ workers: some });
  expect(result.died).toEqual([expect.stringMatching(died)]);
  expect(result.weights).toEqual(none.weights);
  expect(featuresIn(result)).toEqual(featuresIn(none));
  // The next run starts a new one in its place.
  const again = await ran({ workers: some });
  expect(again.died).toEqual([]);
  expect(again.weights).toEqual(none.weights);
  await some.close();
});

test('where no worker is left, this thread does the work: the same bits', async () => {
  const some = fated(2, 2, 'exit', 0);
  const result = await ran({ workers: some });
  const reason = 'it ended with exit code 3';
  expect(result.died).toEqual([`${reason}: 1`, `${reason}: 0`]);
  expect(result.weights).toEqual((await ran()).weights);
  await some.close();
});

test('workers that are terminated or closed in the middle of a run are done without', async () => {
  const started: Worker[] = [];
  const some = fated(2, 0, 'none', 0, started);
  const none = await ran();
  const terminate = ({ kind }: TrainEvent) => void (kind === 'features' && started[0]?.terminate());
  const result = await ran({ workers: some, onEvent: terminate });
  expect(result.died).toEqual(['it ended with exit code 1: 1']);
  expect(result.weights).toEqual(none.weights);
  const closed = await ran({ workers: some, onEvent: ({ kind }) => void (kind === 'features' && some.close()) });
  expect(closed.died.slice(0, 2)).toEqual(['it was closed: 1', 'it was closed: 0']);
  expect(closed.weights).toEqual(none.weights);
  await some.close();
});

test('two runs at the same time share workers', async () => {
  const run = () => fineTune(model, { train: examples }, strategy, { seed: 7, workers });
  const { weights } = await ran();
  for (const { model: tuned } of await Promise.all([run(), run()])) {
    expect(hashesOf(tuned)).toEqual(weights);
    dispose(tuned);
  }
});

test('an abort ends a run at once, and the workers serve the next one', async () => {
  const none = await ran();
  const some = fated(2, 2, 'sleep', 1);
  const before = tf.memory().numTensors;
  for (const when of ['phase', 'features']) {
    const aborter = new AbortController();
    let aborted = 0;
    const onEvent = ({ kind }: TrainEvent) => {
      if (kind !== when) return;
      aborted ||= performance.now();
      aborter.abort();
    };
    const { model: tuned, ended } = await fineTune(model, { train: examples }, strategy, {
      workers: some,
      signal: aborter.signal,
      onEvent,
    });
    expect(ended).toBe('aborted');
    expect(performance.now() - aborted).toBeLessThan(1000);
    dispose(tuned);
    expect(tf.memory().numTensors).toBe(before);
  }
  const next = await ran({ workers: some });
  expect(next.weights).toEqual(none.weights);
  expect(next.died).toEqual([]);
  await some.close();
});

test('workers keep no tensor of a job that has ended', async () => {
  const started: Worker[] = [];
  const some = fated(1, 0, 'none', 0, started);
  await ran({ workers: some });
  const left: number[] = [];
  started[0]?.on('message', ({ kind, tensors }) => {
    if (kind === 'left') left.push(tensors);
  });
  const result = await ran({ workers: some });
  // After the first job, the second may have begun already.
  await expect.poll(() => left.length).toBe(2);
  expect(left[1]).toBe(0);
  expect(result.died).toEqual([]);
  await some.close();
});

test('a run that fails leaves nothing behind, and the workers serve the next one', async () => {
  const before = tf.memory().numTensors;
  let reads = 0;
  const failing: Examples = {
    ...examples,
    read: async (indices, request) => {
      if (++reads !== 4) return examples.read(indices, request);
      // By then the first three have been computed, and nobody has asked for them.
      await new Promise((resolve) => setTimeout(resolve, 500));
      throw new Error('the disk is gone');
    },
  };
  await expect(fineTune(model, { train: failing }, strategy, { workers })).rejects.toThrow('the disk is gone');
  const huge = { ...examples, read: async () => [tf.fill([4, size, size, 3], 3e38)] };
  await expect(
    fineTune(model, { train: { ...huge, size: 12, targets: huge.targets.slice(0, 12) } }, strategy, { workers }),
  ).rejects.toMatchObject({
    code: 'NOT_FINITE',
  });
  expect(tf.memory().numTensors).toBe(before);
  expect((await ran({ workers })).died).toEqual([]);
});

test('masks go to the workers and come back', async () => {
  const lstm = (name: string, seed: number) =>
    tfl.layers.lstm({
      name,
      units: 3,
      returnSequences: name === 'below',
      kernelInitializer: tfl.initializers.glorotUniform({ seed }),
      recurrentInitializer: tfl.initializers.glorotUniform({ seed: seed + 1 }),
    });
  const layers = [tfl.layers.masking({ name: 'masking', inputShape: [4, 2] }), lstm('below', 1), lstm('above', 3)];
  const mine = tfl.sequential({ layers });
  const masked = pipe(asBase(mine), attachHead(classifier(['a', 'b'])));
  // Of each sequence the last steps are padding.
  const sequences = [1, 2, 3, 4, 1].map((length, i) =>
    Array.from({ length: 4 }, (_, step) => (step < length ? [step + 1, i] : [0, 0])),
  );
  const data = fromArrays(sequences, [0, 1, 0, 1, 0]);
  const phase = train({ epochs: 2, batchSize: 2 });
  const how = sequence(phase, unfreezeTop(1), phase);
  const none = await ran({}, masked, data, how);
  const result = await ran({ workers }, masked, data, how);
  expect(result.weights).toEqual(none.weights);
  expect(result.died).toEqual([]);
  dispose(masked);
  mine.dispose();
});

test('a layer of the app is refused with a way out, and served by a program that knows it', async () => {
  registerDoubling();
  const input = tfl.input({ shape: [2] });
  const doubled = doubling().apply(tfl.layers.dense({ units: 3, name: 'features' }).apply(input)) as tfl.SymbolicTensor;
  const mine = tfl.model({ inputs: input, outputs: doubled });
  const custom = pipe(asBase(mine), attachHead(classifier(['a', 'b'])));
  const data = fromArrays(
    [
      [0, 1],
      [1, 0],
      [1, 1],
      [0.5, 0],
    ],
    [0, 1, 0, 1],
  );
  const how = linearProbe({ epochs: 2, batchSize: 2 });
  const run = fineTune(custom, { train: data }, how, { workers });
  await expect(run).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/Doubling.*imports your layers and calls serveFeatures\(wasm\(\)\)/s),
  });
  const some = featureWorkers(2, () => new Worker(program('doubling')));
  const served = await ran({ workers: some }, custom, data, how);
  expect(served.died).toEqual([]);
  expect(served.weights).toEqual((await ran({}, custom, data, how)).weights);
  await some.close();
  dispose(custom);
  mine.dispose();
});

test('workers compute on the backend of the run, or refuse', async () => {
  await useBackend(cpu());
  const some = featureWorkers(1, () => new Worker(program('doubling')));
  await expect(fineTune(model, { train: examples }, strategy, { workers: some })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('The run computes on cpu, and its workers on wasm'),
  });
  const none = await ran();
  expect((await ran({ workers })).weights).toEqual(none.weights);
  await some.close();
  await useBackend(wasm());
});

test('a worker that cannot start is an error with its reason', async () => {
  const missing = featureWorkers(2, () => new Worker(program('missing')));
  await expect(fineTune(model, { train: examples }, strategy, { workers: missing })).rejects.toMatchObject({
    code: 'RUN_FAILED',
    message: expect.stringMatching(/could not start: .*missing\.ts.*has to call serveFeatures/s),
  });
  const silent = featureWorkers(1, () => new Worker('', { eval: true }));
  await expect(fineTune(model, { train: examples }, strategy, { workers: silent })).rejects.toThrow(
    /could not start: it ended with exit code 0/,
  );
});

test.each([0, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, '2', undefined])(
  'featureWorkers(%s) is refused',
  (count) => {
    expect(() => featureWorkers(count as number)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('a whole number from 1') }),
    );
  },
);

test.each([2, {}, null, () => {}])('workers: %s is refused', async (wrong) => {
  await expect(fineTune(model, { train: examples }, strategy, { workers: wrong as never })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('Pass featureWorkers(2)'),
  });
});

test('serveFeatures outside a worker is refused', () => {
  expect(() => serveFeatures(wasm())).toThrow(expect.objectContaining({ code: 'INVALID_ORDER' }));
});
