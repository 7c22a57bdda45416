import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { Examples } from '../../src/core/data.ts';
import type { TrainEvent } from '../../src/core/events.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { pipe } from '../../src/core/pipe.ts';
import { probeThenTune } from '../../src/core/recipes.ts';
import { fromTensors } from '../../src/data/from-tensors.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { type FineTuneSettings, fineTune } from '../../src/train/fine-tune.ts';
import { featureWorkers } from '../../src/web/feature-workers.ts';
import { serveFeatures } from '../../src/web/serve-features.ts';
import { browserBackends } from './backends.ts';

const size = 16;
const [wasm, webgl] = browserBackends as [Backend, Backend, ...Backend[]];
const started: Worker[] = [];

function start(name = ''): Worker {
  const worker = new Worker(new URL('./feature-worker.ts', import.meta.url), { type: 'module', name });
  started.push(worker);
  return worker;
}

const workers = featureWorkers(2, () => start());
let model: TransferModel;
let examples: Examples;
let none: Ran;

beforeAll(async () => {
  await useBackend(wasm);
  model = pipe(tinyCnn({ size }), attachHead(classifier(['dark', 'light'])));
  const pictures = tf.randomUniform([22, size, size, 3], 0, 255, 'float32', 7);
  examples = await fromTensors(
    pictures,
    Array.from({ length: 22 }, (_, i) => i % 2),
  );
  pictures.dispose();
  none = await ran();
});
afterAll(async () => {
  await workers.close();
  dispose(model);
});

const strategy = probeThenTune({ top: 2, probe: { epochs: 2, batchSize: 4 }, tune: { epochs: 2, batchSize: 4 } });

interface Ran {
  /** The bits of the weights that were trained. */
  readonly weights: Readonly<Record<string, string>>;
  readonly died: readonly string[];
}

async function ran(settings: FineTuneSettings = {}): Promise<Ran> {
  const events: TrainEvent[] = [];
  const before = tf.memory().numTensors;
  const onEvent = (event: TrainEvent) => {
    events.push(event);
    settings.onEvent?.(event);
  };
  const { model: tuned } = await fineTune(model, { train: examples }, strategy, { seed: 7, ...settings, onEvent });
  const weights = Object.fromEntries(
    Object.entries(tuned.lease.values).map(([key, tensor]) => [key, String(tensor.dataSync())]),
  );
  dispose(tuned);
  expect(tf.memory().numTensors).toBe(before);
  const died = events.flatMap((event) => (event.kind === 'workerDied' ? [`${event.reason}: ${event.left}`] : []));
  return { weights, died };
}

test('one worker, two, and none give the same bits', async () => {
  const one = featureWorkers(1, () => start());
  expect(Object.keys(none.weights).length).toBe(4);
  for (const some of [one, workers]) expect(await ran({ workers: some })).toEqual(none);
  await one.close();
});

test('where a worker closes itself, the other does its work: the same bits', async () => {
  let count = 0;
  const some = featureWorkers(2, () => start(count++ === 0 ? '1' : ''));
  expect(await ran({ workers: some })).toEqual({ ...none, died: ['it ended: 1'] });
  await some.close();
});

test('where the app terminates all of them, the page does their work: the same bits', async () => {
  const first = started.length;
  const some = featureWorkers(2, () => start());
  const onEvent = ({ kind }: TrainEvent) => {
    if (kind === 'features') for (const worker of started.slice(first)) worker.terminate();
  };
  const { weights, died } = await ran({ workers: some, onEvent });
  expect(weights).toEqual(none.weights);
  expect(died.slice(0, 2)).toEqual(['it ended: 1', 'it ended: 0']);
  await some.close();
});

test('an abort ends a run at once, and the workers serve the next one', async () => {
  const aborter = new AbortController();
  let aborted = 0;
  const onEvent = ({ kind }: TrainEvent) => {
    if (kind !== 'features') return;
    aborted ||= performance.now();
    aborter.abort();
  };
  const { model: tuned, ended } = await fineTune(model, { train: examples }, strategy, {
    workers,
    signal: aborter.signal,
    onEvent,
  });
  expect(ended).toBe('aborted');
  expect(performance.now() - aborted).toBeLessThan(1000);
  dispose(tuned);
  expect(await ran({ workers })).toEqual(none);
});

test('a program that cannot be loaded, or serves another backend, is an error with its reason', async () => {
  const missing = featureWorkers(2, () => new Worker('/missing.js', { type: 'module' }));
  await expect(ran({ workers: missing })).rejects.toMatchObject({
    code: 'RUN_FAILED',
    message: expect.stringContaining('could not start: its program cannot be loaded'),
  });
  await useBackend(webgl);
  const other = featureWorkers(1, () => start());
  await expect(ran({ workers: other })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await other.close();
  await useBackend(wasm);
});

test('in a page, serveFeatures is refused', () => {
  expect(() => serveFeatures(wasm)).toThrow(expect.objectContaining({ code: 'INVALID_ORDER' }));
});
