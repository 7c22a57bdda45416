import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  addExample,
  attachLearned,
  featuresOf,
  type Learner,
  learn,
  logisticRegression,
  nearestMean,
  nearestNeighbours,
  predictScores,
  removeExample,
  ridge,
} from '../../src/analyse/index.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { normal, randomStream } from '../../src/core/random.ts';
import { classifier } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  type Base,
  dispose,
  type Examples,
  evaluate,
  fineTune,
  linearProbe,
  loadModel,
  pipe,
  predict,
  saveModel,
  TransferError,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { difference, examplesOf, memory } from '../support/examples.ts';

const size = 16;
const names = ['red', 'green', 'blue'];

/** Noisy pictures of one colour. */
function pictures(n: number, seed: number): Examples {
  const random = randomStream(seed);
  const labels = Array.from({ length: n }, (_, i) => i % 3);
  const values = labels.flatMap((label) =>
    Array.from({ length: size * size * 3 }, (_, i) =>
      Math.min(255, Math.max(0, (i % 3 === label ? 190 : 60) + 40 * normal(random))),
    ),
  );
  return examplesOf([tf.tensor(values, [n, size, size, 3])], labels);
}

let train: Examples;
let test30: Examples;
let base: Base;

beforeAll(async () => {
  await useBackend(cpu());
  train = pictures(24, 1);
  test30 = pictures(30, 2);
  base = tinyCnn({ size });
});

test('featuresOf gives what a head on the base reads, and leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  const { values, shape, labels } = await featuresOf(base, train, { batchSize: 7 });
  expect(tf.memory().numTensors).toBe(before);
  expect([shape, labels]).toEqual([[24, 128], train.targets]);
  const model = pipe(base, attachHead(classifier(names)));
  const [kernel, bias] = ['kernel', 'bias'].map((name) => model.lease.values[`head_logits/${name}`] as tf.Tensor);
  const { outcome } = await evaluate(model, train);
  const expected = tf.tensor(
    outcome.scores.flatMap((row) => [...row]),
    [24, 3],
  );
  const computed = tf.tidy(() =>
    tf.softmax(tf.add(tf.matMul(tf.tensor2d(values, [24, 128]), kernel as tf.Tensor2D), bias as tf.Tensor)),
  );
  expect(difference(expected, computed)).toBeLessThan(1e-6);
  tf.dispose([expected, computed]);
  dispose(model);
  const opened = await featuresOf(pipe(base, unfreeze()), train);
  expect(opened.values).toEqual(values);
});

const linearLearners: readonly [string, Learner][] = [
  ['nearestMean', nearestMean()],
  ['ridge', ridge()],
  ['logisticRegression', logisticRegression()],
];

describe.each(linearLearners)('a model with a head by %s', (_, learner) => {
  test('is good before it trains, predicts as its head does, and leaves nothing behind', async () => {
    const before = tf.memory().numTensors;
    const features = await featuresOf(base, train);
    const head = await learn(learner, features, features.labels, names);
    const model = pipe(base, attachLearned(head));
    const { metrics, outcome } = await evaluate(model, test30);
    expect(metrics.accuracy).toBeGreaterThan(0.8);
    const asked = await featuresOf(base, test30);
    for (const [i, row] of outcome.scores.entries()) {
      const scores = predictScores(head, asked.values.subarray(i * 128, (i + 1) * 128));
      const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
      const sum = powers.reduce((one, two) => one + two, 0);
      for (const [c, power] of powers.entries()) expect(Math.abs((row[c] as number) - power / sum)).toBeLessThan(1e-4);
    }
    dispose(model);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is saved, and trained further from where it is', async () => {
    const features = await featuresOf(base, train);
    const model = pipe(base, attachLearned(await learn(learner, features, features.labels, names)));
    const store = memory();
    await saveModel(model, store);
    const loaded = await loadModel(store);
    const [picture] = await test30.read([0], { inputs: base.inputs });
    const one = tf.reshape(picture as tf.Tensor, [size, size, 3]);
    const [best] = await predict(model, one);
    expect(await predict(loaded, one, { topK: 1 })).toEqual([
      { ...best, score: expect.closeTo(best?.score as number, 5) },
    ]);
    const start = await evaluate(model, train);
    const tuned = await fineTune(model, { train, validation: train }, linearProbe({ epochs: 1, learningRate: 1e-6 }));
    const after = await evaluate(tuned.model, train);
    expect(Math.abs(after.loss - start.loss)).toBeLessThan(0.01 + 0.01 * start.loss);
    tf.dispose([picture as tf.Tensor, one]);
    for (const handle of [model, loaded, tuned.model]) dispose(handle);
  });
});

test('the base stays usable after its model is gone, and the model after its base', async () => {
  const own = tinyCnn({ size, seed: 3 });
  const features = await featuresOf(own, train);
  const head = await learn(nearestMean(), features, features.labels, names);
  const model = pipe(own, attachLearned(head));
  const other = pipe(own, attachLearned(head));
  dispose(model);
  dispose(own);
  expect((await evaluate(other, test30)).metrics.accuracy).toBeGreaterThan(0.5);
  dispose(other);
});

test('a base with one vector for its output takes a head as well', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 5, inputShape: [4], name: 'features' })] });
  const own = asBase(model, { cut: false });
  const random = randomStream(4);
  const rows = Array.from({ length: 20 }, (_, i) => [0, 1, 2, 3].map((j) => normal(random) + (j === i % 2 ? 4 : 0)));
  const examples = examplesOf(
    [tf.tensor2d(rows)],
    rows.map((_, i) => i % 2),
  );
  const features = await featuresOf(own, examples);
  expect(features.shape).toEqual([20, 5]);
  const head = await learn(ridge(), features, features.labels, ['even', 'odd']);
  const learned = pipe(own, attachLearned(head));
  expect((await evaluate(learned, examples)).metrics.accuracy).toBeGreaterThan(0.9);
  dispose(learned);
  dispose(own);
  model.dispose();
});

test.each<readonly [string, () => Promise<unknown>, string, RegExp]>([
  [
    'neighbours as a model',
    async () => attachLearned(await learn(nearestNeighbours(1), [[1], [2]], [0, 1], ['a', 'b'])),
    'UNSUPPORTED',
    /nearestNeighbours.*dense layer.*predictScores/,
  ],
  [
    'a class without examples',
    async () => attachLearned(await learn(ridge(), [[1], [2]], [0, 2], ['a', 'b', 'c'])),
    'INVALID_DATA',
    /without examples: b\..*addExample, or removeClass/,
  ],
  [
    'one class',
    async () => attachLearned(await learn(ridge(), [[1], [2]], [0, 0], ['a'])),
    'INVALID_DATA',
    /two classes/,
  ],
  [
    'a head of another base',
    async () => pipe(base, attachLearned(await learn(ridge(), [[1], [2]], [0, 1], ['a', 'b']))),
    'INVALID_ARGUMENT',
    /learned from 1 features, "tiny-cnn" has 128/,
  ],
  ['a head that trains', async () => attachLearned(classifier(['a', 'b']) as never), 'INVALID_ARGUMENT', /kind "head"/],
  ['no examples', () => featuresOf(base, [] as never), 'INVALID_DATA', /received no examples.*data\.train/],
  [
    'a target that is no class',
    () => featuresOf(base, { ...train, targets: train.targets.with(3, 0.5) }),
    'INVALID_DATA',
    /example 3 is 0.5/,
  ],
  ['too few targets', () => featuresOf(base, { ...train, targets: [0] }), 'INVALID_DATA', /one class/],
  ['half a batch', () => featuresOf(base, train, { batchSize: 0.5 }), 'INVALID_ARGUMENT', /0.5.*whole number/],
  [
    'a model',
    async () => {
      const model = pipe(base, attachHead(classifier(names)));
      return featuresOf(model as never, train).finally(() => dispose(model));
    },
    'INVALID_ORDER',
    /head already/,
  ],
])('refuses %s, and leaves nothing behind', async (_, call, code, sentence) => {
  const before = tf.memory().numTensors;
  const error = await call().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TransferError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  expect(tf.memory().numTensors).toBe(before);
});

test('featuresOf stops where it is told to', async () => {
  const before = tf.memory().numTensors;
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(featuresOf(base, train, { signal })).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(before);
});

test('at 1,280 features an example is added and removed in milliseconds', async () => {
  const random = randomStream(5);
  const y = Array.from({ length: 200 }, (_, i) => i % 4);
  const x = y.map(() => Float64Array.from({ length: 1280 }, () => Math.max(0, normal(random))));
  const fastest = (run: () => unknown) =>
    Math.min(
      ...Array.from({ length: 12 }, () => {
        const start = performance.now();
        run();
        return performance.now() - start;
      }),
    );
  for (const [learner, limit] of [
    [nearestMean(), 1],
    [ridge(), 10],
  ] as const) {
    const head = await learn(learner, x, y, ['a', 'b', 'c', 'd']);
    expect(fastest(() => addExample(head, x[0] as Float64Array, 'a'))).toBeLessThan(limit);
    expect(fastest(() => removeExample(head, 3))).toBeLessThan(limit);
  }
});
