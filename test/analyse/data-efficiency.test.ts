import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataEfficiency } from '../../src/analyse/data-efficiency.ts';
import type { ReportEvent } from '../../src/analyse/learning-curve.ts';
import { sameFromScratch } from '../../src/analyse/same-from-scratch.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  asBase,
  attachHead,
  batchNorm,
  dispose,
  type Examples,
  fineTune,
  linearProbe,
  meanAbsoluteError,
  pipe,
  sequence,
  train,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { random } from '../traps/support.ts';

beforeAll(() => useBackend(wasm()));

/** Pictures of noise with stripes across or down. */
function stripes(seed: number, count: number, targets = Array.from({ length: count }, (_, i) => i % 2)): Examples {
  const pictures = tf.tidy(() => {
    const lines = tf.tensor2d(
      targets.map((target) =>
        Array.from({ length: 256 }, (_, i) => 60 * Number((target === 1 ? Math.floor(i / 16) : i % 16) % 4 < 2)),
      ),
    );
    return tf.add(tf.add(tf.mul(random(seed, count, 16, 16, 3), 20), 100), tf.reshape(lines, [count, 16, 16, 1]));
  });
  return examplesOf([pictures], targets);
}

describe('how many examples from scratch are worth the same', () => {
  const curve = [
    { examples: 10, value: 0.2 },
    { examples: 20, value: 0.4 },
    { examples: 40, value: 0.3 },
    { examples: 80, value: 0.8 },
  ];
  test.each([
    ['between two sizes, by their logarithm', 10, 0.3, 'between', 10 * Math.SQRT2],
    ['at a size', 10, 0.4, 'between', 20],
    ['where the curve falls, after that', 20, 0.55, 'between', 40 * Math.SQRT2],
    ['with the fewest', 40, 0.1, 'already', 10],
    ['with none', 10, 0.9, 'never', 80],
  ] as const)('%s', (_, own, value, reached, examples) => {
    const same = sameFromScratch(own, value, curve);
    expect(same).toEqual({ reached, examples: expect.closeTo(examples, 9), times: expect.closeTo(examples / own, 9) });
  });

  test('a curve of one size, or a flat one, is a result too', () => {
    const [one] = curve;
    expect(sameFromScratch(10, 0.2, [one as (typeof curve)[0]])).toEqual({
      reached: 'already',
      examples: 10,
      times: 1,
    });
    const flat = curve.map(({ examples }) => ({ examples, value: 0.5 }));
    expect(sameFromScratch(10, 0.5, flat)).toEqual({ reached: 'already', examples: 10, times: 1 });
    expect(sameFromScratch(10, 0.6, flat)).toEqual({ reached: 'never', examples: 80, times: 8 });
  });
});

describe('dataEfficiency', () => {
  test('a base that knows the task saves examples', async () => {
    const blank = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['down', 'across'])));
    const pretraining = sequence(
      unfreeze(),
      batchNorm('train'),
      train({ epochs: 10, learningRate: 5e-3, batchSize: 16 }),
    );
    const { model: source } = await fineTune(blank, { train: stripes(1, 64) }, pretraining);
    const base = asBase(source);
    const model = pipe(base, attachHead(classifier(['down', 'across'])));
    const data = { train: stripes(2, 16), validation: stripes(3, 20) };
    const tensors = tf.memory().numTensors;
    const events: ReportEvent[] = [];
    const found = await dataEfficiency(model, data, linearProbe({ epochs: 4, learningRate: 1e-2, batchSize: 8 }), {
      sizes: [16, 4],
      seeds: [1, 2],
      onEvent: (event) => events.push(event),
    });
    expect(tf.memory().numTensors).toBe(tensors);
    const runs = [4, 16].flatMap((examples) =>
      [1, 2].flatMap((seed) => ['transfer', 'scratch'].map((learner) => ({ learner, seed, examples }))),
    );
    expect(events).toEqual(runs.map((run, i) => ({ kind: 'run', ...run, done: i + 1, total: 8 })));
    expect(found).toMatchObject({ metric: 'accuracy', seeds: [1, 2] });
    expect(found.rows.map(({ examples }) => examples)).toEqual([4, 16]);
    const [few] = found.rows;
    expect(few?.transfer.mean).toBeGreaterThan(few?.scratch.mean as number);
    expect(few?.same.times).toBeGreaterThan(1);
    expect(JSON.stringify(found)).not.toMatch(/null|NaN/);
    for (const handle of [model, base, source, blank]) dispose(handle);
  });

  test('parts have each class, and lie in one another', async () => {
    const targets = Array.from({ length: 24 }, (_, i) => (i < 3 ? 0 : i < 12 ? 1 : 2));
    const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b', 'c'])));
    const seen: number[] = [];
    const all = stripes(1, 24, targets);
    const read: Examples['read'] = (indices, request) => {
      seen.push(...indices);
      return all.read(indices, request);
    };
    const data = { train: { ...all, read }, validation: stripes(2, 6) };
    const partOf = async (size: number) => {
      seen.length = 0;
      await dataEfficiency(model, data, linearProbe({ epochs: 1 }), {
        sizes: [size],
        seeds: [5],
        scratch: linearProbe({ epochs: 1 }),
      });
      return new Set(seen);
    };
    const parts = [await partOf(3), await partOf(8), await partOf(24)];
    expect(parts.map(({ size }) => size)).toEqual([3, 8, 24]);
    const [three, eight] = parts as [Set<number>, Set<number>];
    const classes = (part: Set<number>) =>
      [0, 1, 2].map((label) => [...part].filter((i) => targets[i] === label).length);
    expect(classes(three)).toEqual([1, 1, 1]);
    expect(classes(eight)).toEqual([1, 3, 4]);
    expect([...three].every((index) => eight.has(index))).toBe(true);
    dispose(model);
  });

  test('one class is a result, and what cannot be compared is refused', async () => {
    const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])));
    const alike = { ...stripes(1, 8), targets: Array(8).fill(0) };
    const probe = linearProbe({ epochs: 1 });
    const { rows } = await dataEfficiency(model, { train: alike, validation: alike }, probe, { seeds: [1] });
    expect(rows.map(({ examples }) => examples)).toEqual([1, 2, 4, 8]);
    expect(JSON.stringify(rows)).not.toMatch(/null|NaN/);
    const data = { train: stripes(1, 8), validation: stripes(2, 4) };
    const refused = (settings: object, given: object = data) =>
      expect(dataEfficiency(model, given as typeof data, probe, settings)).rejects;
    await refused({ sizes: [] }).toThrow(/sizes \[\].*from 2/);
    await refused({ sizes: [1] }).toThrow(/sizes \[1\].*an example of each class/);
    await refused({ sizes: [4, 9] }).toThrow(/to 8 \(all/);
    await refused({ sizes: [2.5] }).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await refused({ seeds: [] }).toThrow(/dataEfficiency received 0 seeds/);
    await refused({ metric: meanAbsoluteError() }).toThrow(/meanAbsoluteError/);
    await refused({}, { train: data.train }).toThrow(/validation split/);
    const tensors = tf.memory().numTensors;
    const stop = new AbortController();
    await refused({ signal: stop.signal, onEvent: () => stop.abort() }).toThrow(/abort/i);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });
});
