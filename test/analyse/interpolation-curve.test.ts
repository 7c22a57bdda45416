import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { interpolationCurve } from '../../src/analyse/interpolation-curve.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  attachHead,
  auc,
  type Base,
  dispose,
  type Edit,
  type Examples,
  evaluate,
  fineTune,
  interpolate,
  linearProbe,
  type Strategy,
  sequence,
  type TransferModel,
  topK,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { random } from '../traps/support.ts';

let base: Base;
let before: TransferModel;
let examples: Examples;
const after = async (strategy: Strategy) => (await fineTune(before, { train: examples }, strategy, { seed: 1 })).model;
const tuning = (...edits: readonly Edit[]): Strategy =>
  sequence(...edits, train({ epochs: 3, learningRate: 0.03, batchSize: 8 }));

beforeAll(async () => {
  await useBackend(wasm());
  base = tinyCnn({ size: 16 });
  examples = examplesOf(
    [random(1, 16, 16, 16, 3)],
    Array.from({ length: 16 }, (_, i) => i % 3),
  );
  const blank = attachHead(classifier(['a', 'b', 'c']))(base);
  before = (await fineTune(blank, { train: examples }, linearProbe({ epochs: 1 }))).model;
  dispose(blank);
});
afterAll(() => {
  dispose(before);
  dispose(base);
});

test.each([
  ['the head alone', tuning()],
  ['the top', tuning(unfreezeTop(2))],
  ['everything', tuning(unfreeze())],
])('each point is what the mixed model is evaluated to, where tuning changed %s', async (_, strategy) => {
  const tuned = await after(strategy);
  const tensors = tf.memory().numTensors;
  const alphas = [0, 0.25, 1, 0.6];
  const { points, best, metric } = await interpolationCurve(before, tuned, examples, { alphas });
  expect(tf.memory().numTensors).toBe(tensors);
  expect(metric).toBe('accuracy');
  expect(points.map(({ alpha }) => alpha)).toEqual(alphas);
  for (const { alpha, value, loss } of points) {
    const mixed = interpolate([before, tuned], [1 - alpha, alpha]);
    const expected = await evaluate(mixed, examples);
    expect(value).toBe(expected.metrics.accuracy);
    expect(loss).toBeCloseTo(expected.loss, 5);
    dispose(mixed);
  }
  const top = Math.max(...points.map(({ value }) => value));
  expect(best.value).toBe(top);
  expect(best.loss).toBe(Math.min(...points.filter(({ value }) => value === top).map(({ loss }) => loss)));
  dispose(tuned);
});

test('what tuning did not change runs once for each example', async () => {
  const tuned = await after(tuning(unfreezeTop(1)));
  let reads = 0;
  const read: Examples['read'] = (indices, request) => {
    reads += indices.length;
    return examples.read(indices, request);
  };
  const { points } = await interpolationCurve(before, tuned, { ...examples, read }, { batchSize: 5 });
  expect(points).toHaveLength(11);
  expect(reads).toBe(16);
  dispose(tuned);
});

test('two ends that are one model give a flat curve', async () => {
  const { points } = await interpolationCurve(before, before, examples, { metric: topK(2) });
  for (const { loss } of points) expect(loss).toBeCloseTo(points[0]?.loss as number, 6);
});

test('refuses alphas outside 0 to 1, none, models of different networks, and other targets; an abort ends it', async () => {
  const other = attachHead(classifier(['a', 'b', 'c']))(base);
  const tensors = tf.memory().numTensors;
  const refused = (settings: object, model = before, given = examples) =>
    expect(interpolationCurve(before, model, given, settings)).rejects;
  await refused({ alphas: [0, 1.1] }).toThrow(/alphas \[0,1.1\].*from 0/);
  await refused({ alphas: [-0.1] }).toMatchObject({ code: 'INVALID_ARGUMENT' });
  await refused({ alphas: [Number.NaN] }).toMatchObject({ code: 'INVALID_ARGUMENT' });
  await refused({ alphas: [] }).toThrow(/alphas \[\]/);
  await refused({}, other).toThrow(/different networks/);
  await refused({}, before, { ...examples, targets: examples.targets.map(() => 3) }).toMatchObject({
    code: 'INVALID_DATA',
  });
  const alike = { ...examples, targets: examples.targets.map(() => 0) };
  await refused({ metric: auc('a') }, before, alike).toThrow(/auc is NaN.*every class/);
  await refused({ signal: AbortSignal.abort() }).toThrow(/abort/i);
  expect(tf.memory().numTensors).toBe(tensors);
  dispose(other);
});
