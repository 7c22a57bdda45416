import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { dataEfficiency } from '../../src/analyse/data-efficiency.ts';
import { forgetting } from '../../src/analyse/forgetting.ts';
import { interpolationCurve } from '../../src/analyse/interpolation-curve.ts';
import { transferReport } from '../../src/analyse/transfer-report.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  asBase,
  attachHead,
  distillation,
  type Examples,
  evaluate,
  fineTune,
  fromScratch,
  interpolate,
  l2SP,
  linearProbe,
  lora,
  pipe,
  sequence,
  train,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { smoothModel } from '../support/one-step.ts';
import { random } from '../traps/support.ts';

const pictures = (seed: number) =>
  examplesOf(
    [random(seed, 8, 8, 8, 3)],
    Array.from({ length: 8 }, (_, i) => i % 2),
  );
let data: { readonly train: Examples; readonly validation: Examples };
beforeAll(async () => {
  await useBackend(cpu());
  data = { train: pictures(1), validation: pictures(2) };
});
const start = () => pipe(tinyCnn({ size: 8 }), attachHead(classifier(['a', 'b'])));
const updating = sequence(
  lora({ r: 2, targetModules: ['pointwise'] }),
  train({ epochs: 3, learningRate: 0.03, batchSize: 4 }),
);
const updated = async (model = start()) => (await fineTune(model, { train: data.train }, updating)).model;

test('a curve from a model to one with updates of low rank begins and ends with what they are', async () => {
  const before = start();
  const after = await updated(before);
  const half = interpolate([before, after]);
  const tensors = tf.memory().numTensors;
  const { points } = await interpolationCurve(before, after, data.validation, { alphas: [0, 0.5, 1] });
  expect(tf.memory().numTensors).toBe(tensors);
  for (const [i, model] of [before, half, after].entries()) {
    expect(points[i]?.loss).toBeCloseTo((await evaluate(model, data.validation)).loss, 5);
  }
});

test('forgetting counts updates of low rank, of the tuned model and of the source', async () => {
  const source = start();
  const tuned = await updated(source);
  const tensors = tf.memory().numTensors;
  // The head of the source on the merged base.
  const merged = interpolate([source, tuned], [0, 1]);
  const base = Object.fromEntries(Object.entries(merged.lease.values).filter(([key]) => !key.startsWith('head')));
  const own = { ...source, lease: { ...source.lease, values: { ...source.lease.values, ...base } } };
  const { outcome } = await evaluate(own, data.validation);
  merged.lease.dispose();
  const metric = {
    kind: 'metric',
    name: 'first',
    compute: ({ scores }: typeof outcome) => scores[0]?.[0] as number,
  } as const;
  const found = await forgetting(source, tuned, data.validation, { metric });
  expect(found.after).toBeCloseTo(outcome.scores[0]?.[0] as number, 5);
  expect(found.after).not.toBeCloseTo(found.before, 3);
  // What has updates already, and is frozen, forgets nothing.
  const other = pipe(asBase(tuned), attachHead(classifier(['c', 'd'])));
  const { model: probed } = await fineTune(other, { train: data.train }, linearProbe({ epochs: 1 }));
  const still = await forgetting(tuned, probed, data.validation, { metric });
  expect(still.forgotten).toBe(0);
  for (const one of [probed, other]) one.lease.dispose();
  expect(tf.memory().numTensors).toBe(tensors + Object.keys(tuned.lease.values).length - 2);
});

test('forgetting puts a head that was cut off back on a base with updates', async () => {
  const base = asBase(smoothModel());
  const old = examplesOf([random(3, 6, 2, 2, 3)], [0, 1, 2, 0, 1, 2]);
  const task = { train: examplesOf([random(4, 6, 2, 2, 3)], [0, 1, 0, 1, 0, 1]) };
  const model = pipe(base, attachHead(classifier(['a', 'b'])));
  const strategy = sequence(lora({ r: 1, targetModules: ['features'] }), train({ epochs: 2, learningRate: 0.1 }));
  const { model: tuned } = await fineTune(model, task, strategy);
  const { before, after, forgotten } = await forgetting(base, tuned, old);
  expect(before - after).toBe(forgotten);
});

test('the same network with random weights has no updates', async () => {
  const scratch = fromScratch(await updated(), 1);
  const keys = scratch.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
  expect(keys.sort()).toEqual(Object.keys(scratch.lease.values).sort());
});

test('the learner from scratch is held to no base', async () => {
  const curvesOf = async (settings: object) => {
    const strategy = linearProbe({ epochs: 2, ...settings });
    return (await transferReport(start(), data, strategy, { seeds: [1], metric: certainty })).curves.scratch;
  };
  const certainty = {
    kind: 'metric',
    name: 'certainty',
    compute: ({ scores }: { readonly scores: readonly Float32Array[] }) => scores[0]?.[0] as number,
  } as const;
  expect(await curvesOf({ penalties: [l2SP({ alpha: 100, beta: 100 })] })).toEqual(await curvesOf({}));
});

test('a teacher answers for the examples of each part of the data', async () => {
  const logits = data.train.targets.map((target) => (target ? [0, 9] : [9, 0]));
  const strategy = linearProbe({ epochs: 1, penalties: [distillation({ labels: ['a', 'b'], logits })] });
  const { rows } = await dataEfficiency(start(), data, strategy, { seeds: [1], sizes: [4, 8] });
  expect(rows.map(({ examples }) => examples)).toEqual([4, 8]);
});
