import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { featuresOf, hScore, leep, logME, nce, rankBases, regularizedHScore } from '../../src/analyse/index.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { normal, randomStream } from '../../src/core/random.ts';
import { asBase, type Base, dispose, type Examples, TransferError, useBackend } from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';

const classes = 3;
const n = 45;

/** A network that passes on some of its inputs, with a classifier on them that was trained for something else. */
function passing(from: number, name: string): tfl.LayersModel {
  const width = 4;
  const model = tfl.sequential({
    name,
    layers: [
      tfl.layers.dense({ units: width, inputShape: [8], useBias: false, name: 'features' }),
      tfl.layers.dropout({ rate: 0.5, name: 'drop' }),
      tfl.layers.dense({ units: 5, activation: 'softmax', name: 'classes' }),
    ],
  });
  const kernel = tf.tensor2d(
    Array.from({ length: 8 }, (_, i) => Array.from({ length: width }, (_, j) => (i === from + j ? 1 : 0))),
  );
  const random = randomStream(1);
  const classifier = [
    tf.tensor2d(Array.from({ length: width }, () => Array.from({ length: 5 }, () => 2 * normal(random)))),
    tf.tensor1d([0.1, -0.2, 0.3, 0, 0]),
  ];
  model.getLayer('features').setWeights([kernel]);
  model.getLayer('classes').setWeights(classifier);
  tf.dispose([kernel, ...classifier]);
  return model;
}

let examples: Examples;
let models: tfl.LayersModel[];
let bases: Record<string, Base>;

beforeAll(async () => {
  await useBackend(cpu());
  const random = randomStream(7);
  const labels = Array.from({ length: n }, (_, i) => i % classes);
  const rows = labels.map((label) => Array.from({ length: 8 }, (_, j) => normal(random) + (j === label ? 2.5 : 0)));
  examples = examplesOf([tf.tensor2d(rows)], labels);
  models = [passing(4, 'noise'), passing(0, 'telling'), passing(2, 'some')];
  bases = Object.fromEntries(models.map((model) => [model.name, asBase(model)]));
});

afterAll(() => {
  for (const base of Object.values(bases)) dispose(base);
  for (const model of models) model.dispose();
});

test('bases come by what their features know, with every score, and nothing is left behind', async () => {
  const before = tf.memory().numTensors;
  const ranking = await rankBases(bases, examples, { resamples: 40 });
  expect(tf.memory().numTensors).toBe(before);
  expect({ ...ranking, rows: ranking.rows.map(({ name }) => name) }).toEqual({
    examples: n,
    classes,
    resamples: 40,
    seed: 0,
    rows: ['telling', 'some', 'noise'],
  });
  for (const { name, features, hScore: h = Number.NaN, ...scores } of ranking.rows) {
    const base = bases[name] as Base;
    const own = await featuresOf(base, examples);
    const x = tf.tensor2d(own.values, [...own.shape]);
    // What the whole network says, by tfjs itself.
    const [input] = await examples.read(
      examples.targets.map((_, i) => i),
      { inputs: base.inputs },
    );
    const model = models.find((one) => one.name === name) as tfl.LayersModel;
    const said = model.predict(input as tf.Tensor) as tf.Tensor2D;
    const guessed = tf.tidy(() => tf.argMax(said, 1));
    expect(features).toBe(4);
    expect(scores.logME.value).toBe(await logME(x, own.labels));
    expect(scores.regularizedHScore.value).toBe(await regularizedHScore(x, own.labels));
    expect(h).toBe(await hScore(x, own.labels));
    expect(scores.leep?.value).toBeCloseTo(await leep(said, own.labels), 5);
    expect(scores.nce?.value).toBeCloseTo(await nce(guessed, own.labels), 5);
    for (const { value, low, high } of Object.values(scores)) {
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
      expect(high - low).toBeGreaterThan(0);
    }
    tf.dispose([x, input as tf.Tensor, said, guessed]);
  }
  const [best, , worst] = ranking.rows;
  expect(best?.probe.value).toBeGreaterThan(0.8);
  expect(worst?.probe.value).toBeLessThan(0.6);
  expect(best?.logME.low).toBeGreaterThan(worst?.logME.high as number);
});

test('a seed gives the same table, another one other intervals around the same scores', async () => {
  const { noise } = bases as { noise: Base };
  const [first, again, other, none] = await Promise.all(
    [{ seed: 1 }, { seed: 1 }, { seed: 2 }, { resamples: 0 }].map((settings) =>
      rankBases({ noise }, examples, { resamples: 10, ...settings }),
    ),
  );
  expect(again).toEqual(first);
  expect(other?.rows[0]?.logME.value).toBe(first?.rows[0]?.logME.value);
  expect(other?.rows[0]?.logME.low).not.toBe(first?.rows[0]?.logME.low);
  const { value, low, high } = none?.rows[0]?.logME ?? { value: 0, low: 1, high: 1 };
  expect([low, high]).toEqual([value, value]);
});

test('a base whose classifier is not known has no LEEP, and too few examples no H-score', async () => {
  const base = tinyCnn({ size: 8 });
  const pictures = examplesOf([tf.randomUniform([12, 8, 8, 3], 0, 255, 'float32', 3)], examples.targets.slice(0, 12));
  const before = tf.memory().numTensors;
  const { rows } = await rankBases({ base }, pictures, { resamples: 5 });
  expect(tf.memory().numTensors).toBe(before);
  expect(Object.keys(rows[0] ?? {}).sort()).toEqual(['features', 'logME', 'name', 'probe', 'regularizedHScore']);
  dispose(base);
});

test.each<readonly [string, () => Promise<unknown>, string, RegExp]>([
  ['no bases', () => rankBases({}, examples), 'INVALID_ARGUMENT', /received no bases.*by name/],
  ['a promise', () => rankBases({ one: Promise.resolve() as never }, examples), 'INVALID_ARGUMENT', /no base as one/],
  ['half a resample', () => rankBases(bases, examples, { resamples: 0.5 }), 'INVALID_ARGUMENT', /resamples: 0.5/],
  [
    'one class',
    () => rankBases(bases, { ...examples, targets: examples.targets.map(() => 1) }),
    'INVALID_DATA',
    /rankBases: all 45 examples are of one class/,
  ],
  [
    'a setting it does not know',
    () => rankBases(bases, examples, { samples: 1 } as never),
    'INVALID_ARGUMENT',
    /samples/,
  ],
])('refuses %s, and leaves nothing behind', async (_, call, code, sentence) => {
  const before = tf.memory().numTensors;
  const error = await call().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TransferError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  expect(tf.memory().numTensors).toBe(before);
});

test('stops between resamples where it is told to', async () => {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const running = rankBases(bases, examples, { resamples: 100_000, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 200);
  await expect(running).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(before);
});
