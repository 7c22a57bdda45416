import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { relateClasses } from '../src/analyse/index.ts';
import { cpu } from '../src/backends/cpu.ts';
import { fromArrays } from '../src/data/index.ts';
import { dispose, loadBase, useBackend } from '../src/index.ts';
import { table } from '../src/node/cli/text.ts';
import { padded } from '../src/text/tokenize.ts';

// More than a call takes as arguments.
const many = 200_000;
beforeAll(() => useBackend(cpu()));

test('so many texts are padded', () => {
  expect(padded(new Array(many).fill({ ids: [1, 2, 3], mask: [1, 1, 1], types: [0, 0, 0] }), 0).shape).toEqual([
    many,
    3,
  ]);
});

test('so many lines are put into columns', () => {
  expect(table(new Array(many).fill(['a', '1']))).toHaveLength(many);
});

test('classes of so many examples are related', async () => {
  const { layers, sequential } = tfl;
  const model = sequential({
    layers: [
      layers.dense({ name: 'features', units: 2, inputShape: [2], activation: 'relu' }),
      layers.dense({ name: 'classes', units: 3, activation: 'softmax' }),
    ],
  });
  const base = await loadBase(model);
  const values = Float32Array.from({ length: 2 * many }, (_, i) => i % 7);
  const targets = Array.from({ length: many }, (_, i) => i % 2);
  const data = { train: fromArrays({ values, shape: [many, 2] }, targets) };
  const { relation } = await relateClasses(base, data, { batchSize: many });
  expect(relation.map((row) => row.length)).toEqual([3, 3]);
  dispose(base);
  tf.dispose(model.weights.map((weight) => weight.read()));
});
