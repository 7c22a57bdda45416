import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hScore, leep, logME, nce, regularizedHScore } from '../../src/analyse/index.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { normal, randomStream } from '../../src/core/random.ts';
import { TransferError, useBackend } from '../../src/index.ts';
import { type GoldenTensor, readSafetensors } from '../goldens/read-safetensors.ts';

const cases: {
  readonly case: number;
  readonly n: number;
  readonly d: number;
  readonly classes: number;
  readonly logME: number;
  readonly hScore: number;
  readonly regularizedHScore: number;
  readonly leep: number;
  readonly nce: number;
}[] = JSON.parse(readFileSync('test/goldens/ranking/cases.json', 'utf8'));
let tensors: Record<string, GoldenTensor>;

beforeAll(async () => {
  await useBackend(cpu());
  tensors = await readSafetensors('test/goldens/ranking/cases.safetensors');
});

const golden = (name: string) => tensors[name] as GoldenTensor;
const close = (got: number, wanted: number) =>
  expect(Math.abs(got - wanted), `${got} for ${wanted}`).toBeLessThan(1e-7);

/** The classes that each row finds most probable. */
const largest = ({ data, shape: [, columns = 1] }: GoldenTensor) =>
  Array.from({ length: data.length / columns }, (_, i) => {
    const row = [...data.subarray(i * columns, (i + 1) * columns)];
    return row.indexOf(Math.max(...row));
  });

describe.each(cases)('case $case: $n examples, $d features', ({ case: index, d, n, classes, ...expected }) => {
  const inputs = () => ({
    features: { values: golden(`${index}/features`).data, shape: golden(`${index}/features`).shape },
    labels: golden(`${index}/labels`).data,
    source: golden(`${index}/sourceProbabilities`),
  });

  test('LogME', async () => close(await logME(inputs().features, inputs().labels), expected.logME));
  test('regularised H-score', async () =>
    close(await regularizedHScore(inputs().features, inputs().labels), expected.regularizedHScore));
  test('LEEP and NCE', async () => {
    const { source, labels } = inputs();
    close(await leep({ values: source.data, shape: source.shape }, labels), expected.leep);
    close(await nce(largest(source), labels), expected.nce);
  });
  test('H-score', async () => {
    const score = hScore(inputs().features, inputs().labels);
    if (n > d) return close(await score, expected.hScore);
    expect(expected.hScore).toBeCloseTo(classes - 1);
    await expect(score).rejects.toThrow(/any features would have the score 3.*Use regularizedHScore/);
  });
  test('from tensors, which stay', async () => {
    const { features, labels } = inputs();
    const before = tf.memory().numTensors;
    const given = [
      tf.tensor2d(features.values as Float32Array, features.shape as [number, number]),
      tf.tensor1d(labels),
    ];
    const [x, y] = given as [tf.Tensor, tf.Tensor];
    close(await logME(x, y), expected.logME);
    close(await regularizedHScore(x, y), expected.regularizedHScore);
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose(given);
  });
});

/** Features that know something of the class, and labels. */
function made(n: number, d: number, classes = 3, signal = 1): { x: number[][]; y: number[] } {
  const random = randomStream(1, n, d);
  const y = Array.from({ length: n }, (_, i) => i % classes);
  const x = y.map((label) => Array.from({ length: d }, (_, j) => normal(random) + (j === label ? signal : 0)));
  return { x, y };
}
const scores = { logME, hScore, regularizedHScore };
const eachScore = Object.entries(scores);

test.each(eachScore)('%s rises with what features know', async (_, score) => {
  const worths = await Promise.all(
    [0, 1, 3].map(async (signal) => {
      const { x, y } = made(60, 5, 3, signal);
      return score(x, y);
    }),
  );
  expect(worths).toEqual([...worths].sort((a, b) => a - b));
  expect(new Set(worths).size).toBe(3);
});

test.each(eachScore)('%s leaves classes out that do not occur', async (_, score) => {
  const { x, y } = made(60, 5);
  expect(
    await score(
      x,
      y.map((label) => 4 * label + 1),
    ),
  ).toBeCloseTo(await score(x, y), 10);
});

test('dead and copied features change no H-score', async () => {
  const { x, y } = made(60, 5);
  const wanted = await hScore(x, y);
  expect(
    await hScore(
      x.map((row) => [...row, 0, row[0] as number, 7]),
      y,
    ),
  ).toBeCloseTo(wanted, 8);
});

test('a regularised H-score without anything to shrink has an inverse, dead features or not', async () => {
  const x = Array.from({ length: 20 }, (_, i) => [i % 2 ? 1 : -1, 0]);
  const y = x.map((_, i) => i % 2);
  expect(await regularizedHScore(x, y)).toBeCloseTo(20 / 19, 6);
});

test('more features than examples, most of them dead: the H-score says something', async () => {
  const { x, y } = made(30, 4);
  const wide = x.map((row) => [...row, ...new Array(60).fill(0)]);
  expect(await hScore(wide, y)).toBeCloseTo(await hScore(x, y), 8);
});

describe.each(eachScore)('%s is a number where', (_, score) => {
  test.each([
    ['all features are 0', (x: number[][]) => x.map((row) => row.map(() => 0))],
    ['all examples are alike', (x: number[][]) => x.map((row) => row.map(() => 3))],
    [
      'features are the labels',
      (x: number[][], y: number[]) => x.map((row, i) => row.map((_, j) => (y[i] === j ? 1 : 0))),
    ],
    [
      'features are the labels, large',
      (x: number[][], y: number[]) => x.map((row, i) => row.map((_, j) => (y[i] === j ? 1e8 : 0))),
    ],
    ['features are huge', (x: number[][]) => x.map((row) => row.map((value) => value * 1e65))],
    ['features are tiny', (x: number[][]) => x.map((row) => row.map((value) => value * 1e-65))],
    ['features are one number', (x: number[][]) => x.map((row) => row.slice(0, 1))],
    ['features are one number, far from 0', (x: number[][]) => x.map((row) => [1e6 + (row[0] as number)])],
  ])('%s', async (_, change) => {
    const { x, y } = made(30, 4);
    expect(await score(change(x, y), y)).toSatisfy(Number.isFinite);
  });

  test('there are two examples, or none', async () => {
    const result = await score([[1], [2]], [0, 1]).catch((error: unknown) => error);
    expect(result instanceof TransferError || Number.isFinite(result)).toBe(true);
    await expect(score([], [])).rejects.toThrow(TransferError);
  });
});

test('LogME of 300 examples whose features are their labels is finite', async () => {
  const y = Array.from({ length: 300 }, (_, i) => i % 3);
  const x = y.map((label) => [0, 1, 2].map((j) => (j === label ? 1 : 0)));
  expect(await logME(x, y)).toSatisfy(Number.isFinite);
});

test('LogME of one-hot features with few examples is finite', async () => {
  expect(
    await logME(
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
      [0, 1],
    ),
  ).toSatisfy(Number.isFinite);
});

const refusals: readonly [string, () => Promise<number>, RegExp][] = [
  ...eachScore.flatMap(([name, score]): [string, () => Promise<number>, RegExp][] => [
    [`${name} of one class`, () => score([[1], [2], [3]], [4, 4, 4]), /all 3 examples are of one class.*at least two/],
    [`${name} of NaN`, () => score([[1], [Number.NaN], [3]], [0, 1, 0]), /features of example 1 hold NaN.*Remove/],
    [`${name} of 1e80`, () => score([[1], [2], [1e80]], [0, 1, 0]), /example 2 hold .*beyond 1e\+70/],
    [`${name} of unlike lengths`, () => score([[1], [2]], [0, 1, 0]), /2 examples and 3 labels. Pass one label/],
    [`${name} of uneven rows`, () => score([[1], [2, 3]], [0, 1]), /row 1 of the features has 2 numbers, row 0 has 1/],
    [`${name} of half a label`, () => score([[1], [2]], [0, 0.5]), /label of example 1 is 0.5.*whole number from 0/],
    [`${name} of undefined`, () => score(undefined as never, [0, 1]), /received undefined as features.*Pass a tensor/],
    [`${name} of no features`, () => score([[], []], [0, 1]), /shape \[2,0\].*Pass \[examples, features\]/],
    [`${name} of pictures`, () => score({ values: [1, 2], shape: [2, 1, 1] }, [0, 1]), /shape \[2,1,1\]/],
  ]),
  [
    'leep of logits',
    () =>
      leep(
        [
          [3, -1],
          [1, 2],
        ],
        [0, 1],
      ),
    /row 0 .* adds up to 2 and holds numbers below 0.*softmax/,
  ],
  [
    'leep of counts',
    () =>
      leep(
        [
          [3, 1],
          [1, 2],
        ],
        [0, 1],
      ),
    /row 0 .* adds up to 4.*not logits/,
  ],
  [
    'leep of one class',
    () =>
      leep(
        [
          [1, 0],
          [0, 1],
        ],
        [1, 1],
      ),
    /one class/,
  ],
  ['leep of nothing', () => leep([], []), /at least one of each/],
  ['nce of one class', () => nce([0, 1], [1, 1]), /one class/],
  ['nce of nothing', () => nce([], []), /one class/],
  ['nce of unlike lengths', () => nce([0], [0, 1]), /2 examples and 1 labels/],
];

test.each(refusals)('refuses %s', async (_, call, sentence) => {
  const error = await call().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TransferError);
  expect(error).toMatchObject({ code: 'INVALID_DATA', message: expect.stringMatching(sentence) });
});
