import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { InputSpecification } from '../../src/core/handle.ts';
import { cutmix, type Mix, mixup } from '../../src/core/mix.ts';
import { pipe } from '../../src/core/pipe.ts';
import { train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { tokenClassifier } from '../../src/heads/token-classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { assertMixable } from '../../src/train/assert-mixable.ts';
import { explain } from '../../src/train/explain.ts';
import { type Mixture, mixedTargets, mixing } from '../../src/train/mixing.ts';

beforeAll(() => useBackend(cpu()));

const [height, width] = [8, 6];
const inputs = [{ shape: [height, width, 3], dtype: 'float32', scale: 1, offset: 0 }] as const;
const count = 20;
const numbers = Float32Array.from({ length: count * height * width * 3 }, (_, i) => (i * 7919) % 256);
const examples = fromArrays(
  { values: numbers, shape: [count, height, width, 3] },
  Array.from({ length: count }, (_, i) => i % 3),
);
const area = height * width * 3;
const pixel = (example: number, at: number) => numbers[example * area + at] as number;
const indices = [3, 0, 11];
const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;

describe('mixup', () => {
  test('reads s x + (1 - s) of the other', async () => {
    const { examples: mixed, of } = mixing(mixup({ alpha: 2 }), examples, inputs, 7);
    const tensors = tf.memory().numTensors;
    const [read] = (await mixed.read(indices, { inputs, view: 4 })) as [tf.Tensor];
    const values = read.dataSync();
    of(indices, 4).forEach(({ partner, share }, row) => {
      for (let at = 0; at < area; at++) {
        const expected = share * pixel(indices[row] as number, at) + (1 - share) * pixel(partner, at);
        expect(Math.abs((values[row * area + at] as number) - expected)).toBeLessThan(1e-3);
      }
    });
    read.dispose();
    const [plain] = (await mixed.read(indices, { inputs })) as [tf.Tensor];
    expect(plain.dataSync()[0]).toBe(pixel(3, 0));
    plain.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test.each([0.05, 0.2, 1, 4])('draws shares from Beta(%d, %d)', (alpha) => {
    const { of } = mixing(mixup({ alpha }), examples, inputs, 7);
    const drawn = Array.from({ length: 250 }, (_, view) =>
      of(
        Array.from({ length: count }, (_, i) => i),
        view,
      ),
    ).flat();
    const shares = drawn.map(({ share }) => share);
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(mean(shares)).toBeCloseTo(0.5, 1);
    // The variance of Beta(a, a), and its fourth moment about the middle.
    const variance = 1 / (4 * (2 * alpha + 1));
    expect(mean(shares.map((share) => (share - 0.5) ** 2)) / variance).toBeCloseTo(1, 1);
    const fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
    expect(mean(shares.map((share) => (share - 0.5) ** 4)) / fourth).toBeCloseTo(1, 1);
    expect(new Set(drawn.map(({ partner }) => partner)).size).toBe(count);
  });
});

describe('cutmix', () => {
  test('puts a box of the other into each picture, and counts its pixels', async () => {
    const { examples: mixed, of } = mixing(cutmix(), examples, inputs, 7);
    for (let view = 0; view < 20; view++) {
      const [read] = (await mixed.read(indices, { inputs, view })) as [tf.Tensor];
      const values = read.dataSync();
      of(indices, view).forEach(({ partner, share, box }, row) => {
        const { top, bottom, left, right } = box as NonNullable<Mixture['box']>;
        let own = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const isOther = y >= top && y < bottom && x >= left && x < right;
            if (!isOther) own++;
            const at = (y * width + x) * 3;
            expect(values[row * area + at]).toBe(pixel(isOther ? partner : (indices[row] as number), at));
          }
        }
        expect(share).toBeCloseTo(own / (height * width), 6);
      });
      read.dispose();
    }
  });

  test('has boxes of all sizes anywhere', () => {
    const { of } = mixing(cutmix(), examples, inputs, 7);
    const drawn = Array.from({ length: 2000 }, (_, view) => of([view % count], view)[0] as Mixture);
    const touched = new Set(
      drawn.flatMap(({ box }) => (box && box.bottom > box.top ? [`${box.top},${box.left}`] : [])),
    );
    expect(touched.size).toBeGreaterThan(height * width * 0.6);
    expect(drawn.every(({ share }) => share >= 0 && share <= 1)).toBe(true);
    expect(Math.min(...drawn.map(({ share }) => share))).toBeLessThan(0.1);
    expect(Math.max(...drawn.map(({ share }) => share))).toBe(1);
  });
});

test('what is mixed is a function of the seed, the example and the view', () => {
  const of = (seed: number) => mixing(mixup(), examples, inputs, seed).of;
  expect(of(1)([2, 5], 3)).toEqual([...of(1)([2], 3), ...of(1)([5], 3)]);
  expect(of(1)([2], 3)).not.toEqual(of(0)([2], 3));
  expect(of(1)([2], 3)).not.toEqual(of(1)([2], 4));
});

test('targets are mixed by the shares', () => {
  const rows = {
    indices: [0, 1],
    mixtures: [
      { partner: 2, share: 0.75 },
      { partner: 1, share: 0.1 },
    ],
  };
  const targets = mixedTargets(classifier(['a', 'b', 'c']), [0, 2, 1], rows);
  expect(targets.arraySync()).toEqual([
    [0.75, 0.25, 0],
    [0, 0, 1],
  ]);
  const values = mixedTargets(
    { ...classifier(['a', 'b']), task: 'multiLabel' },
    [
      [1, 0],
      [1, 1],
      [0, 1],
    ],
    rows,
  );
  expect(values.arraySync()).toEqual([
    [0.75, 0.25],
    [1, 1],
  ]);
  tf.dispose([targets, values]);
});

test('NaN is found in whatever is mixed in', async () => {
  const broken = numbers.slice();
  broken[5 * area] = Number.NaN;
  const some = fromArrays({ values: broken, shape: [count, height, width, 3] }, examples.targets as number[]);
  const { examples: mixed, of } = mixing(mixup(), some, inputs, 7);
  const view = Array.from({ length: 500 }, (_, i) => i).find((one) => of([3], one)[0]?.partner === 5) as number;
  const tensors = tf.memory().numTensors;
  await expect(mixed.read([3], { inputs, view })).rejects.toThrow(/^5|example 5|\b5\b/);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('what identifies mixtures is the data, how it is mixed, and the seed', async () => {
  const named = { ...examples, fingerprint: async () => 'data' };
  const prints = await Promise.all(
    [
      mixing(mixup(), named, inputs, 7),
      mixing(mixup(), named, inputs, 8),
      mixing(mixup({ alpha: 1 }), named, inputs, 7),
      mixing(cutmix(), named, inputs, 7),
    ].map(({ examples: mixed }) => mixed.fingerprint?.()),
  );
  expect(new Set([...prints, 'data']).size).toBe(5);
  expect(await mixing(mixup(), named, inputs, 7).examples.fingerprint?.()).toBe(prints[0]);
  const { fingerprint: _, ...unknown } = named;
  expect(await mixing(mixup(), unknown, inputs, 7).examples.fingerprint?.()).toBeUndefined();
});

test('what cannot be mixed is refused', () => {
  const head = classifier(['a', 'b']);
  const assertInput = (mix: Mix, input: Partial<InputSpecification>, own = head) =>
    assertMixable(mix, { inputs: [{ ...inputs[0], ...input }], head: own });
  expect(() => assertInput(mixup(), { shape: [null], dtype: 'int32' })).toThrow(
    /mixup mixes numbers, and the model reads \[any\] \(int32\)/,
  );
  expect(() => assertInput(cutmix(), { shape: [5] })).toThrow(/or take mixup/);
  expect(() => assertInput(cutmix(), { shape: [null, null, 3] })).toThrow(/pictures of one size/);
  expect(() => assertInput(mixup(), { shape: [5] })).not.toThrow();
  // Tokens without a label have no share of one.
  expect(() => assertInput(mixup(), { shape: [5, 3] }, tokenClassifier(['a', 'b']))).toThrow(
    /an answer for each token/,
  );
});

test('explain refuses what a run would', () => {
  const model = pipe(asBase(vectors()), attachHead(classifier(['a', 'b'])));
  expect(() => explain(model, [train({ epochs: 1, mix: cutmix() })])).toThrow(/pictures of one size/);
});

const vectors = () => tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
