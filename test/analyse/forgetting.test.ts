import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { featuresOf } from '../../src/analyse/features-of.ts';
import { forgetting } from '../../src/analyse/forgetting.ts';
import { transferReport } from '../../src/analyse/transfer-report.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  asBase,
  attachHead,
  auc,
  type Base,
  batchNorm,
  dispose,
  type Examples,
  fineTune,
  linearProbe,
  type Metric,
  pipe,
  sequence,
  type TransferModel,
  train,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { matching, random, weightsOf } from '../traps/support.ts';

beforeAll(() => useBackend(wasm()));

/** Noise whose channel tells the class: `first` is the channel that is lighter in class 0. */
function tinted(seed: number, count: number, first: number): Examples {
  const targets = Array.from({ length: count }, (_, i) => i % 2);
  const tint = tf.tidy(() =>
    tf.reshape(
      tf.tensor2d(targets.map((target) => [0, 1, 2].map((channel) => (channel === (first + target) % 3 ? 120 : 60)))),
      [count, 1, 1, 3],
    ),
  );
  const pictures = tf.tidy(() => tf.add(tf.mul(random(seed, count, 16, 16, 3), 20), tint));
  tint.dispose();
  return examplesOf([pictures], targets);
}
const tuning = (epochs: number) =>
  sequence(unfreeze(), batchNorm('train'), train({ epochs, learningRate: 1e-2, batchSize: 8 }));

/** The accuracy of a dense layer over pooled features, in plain arithmetic. */
async function accuracyOf(base: Base, kernel: Float32Array, bias: Float32Array, examples: Examples): Promise<number> {
  const { values, shape } = await featuresOf(base, examples);
  const right = examples.targets.filter((target, i) => {
    const score = (label: number) =>
      Array.from(
        { length: shape[1] },
        (_, j) => (values[i * shape[1] + j] as number) * (kernel[j * bias.length + label] as number),
      ).reduce((sum, term) => sum + term, bias[label] as number);
    const scores = [...bias.keys()].map(score);
    return scores.indexOf(Math.max(...scores)) === target;
  });
  return right.length / examples.size;
}

async function pretrained(): Promise<{ readonly source: TransferModel; readonly examples: Examples }> {
  const blank = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['red', 'green'])));
  const { model: source } = await fineTune(blank, { train: tinted(1, 24, 0) }, tuning(5));
  dispose(blank);
  return { source, examples: tinted(2, 16, 0) };
}

test('a frozen base forgets nothing, a tuned one is worse at the old task, and a report says so', async () => {
  const { source, examples } = await pretrained();
  const base = asBase(source);
  const model = pipe(base, attachHead(classifier(['green', 'blue'])));
  // The new task turns green around.
  const data = { train: tinted(3, 24, 1), validation: tinted(4, 8, 1) };
  const { model: probed } = await fineTune(model, data, linearProbe({ epochs: 2 }));
  const { model: tuned } = await fineTune(model, data, tuning(8));
  const tensors = tf.memory().numTensors;
  const still = await forgetting(source, probed, examples);
  expect(still).toEqual({ metric: 'accuracy', before: still.before, after: still.before, forgotten: 0 });
  expect(still.before).toBeGreaterThan(0.9);
  const now = await forgetting(source, tuned, examples);
  expect(now.before).toBe(still.before);
  expect(now.forgotten).toBe(now.before - now.after);
  expect(now.forgotten).toBeGreaterThan(0.2);
  expect(tf.memory().numTensors).toBe(tensors);
  const [kernel, bias] = ['kernel', 'bias'].map(
    (name) => Object.values(matching(weightsOf(source), new RegExp(`^head.*${name}`)))[0] as Float32Array,
  ) as [Float32Array, Float32Array];
  const tunedBase = asBase(tuned);
  expect(now.after).toBe(await accuracyOf(tunedBase, kernel, bias, examples));
  expect(now.before).toBe(await accuracyOf(base, kernel, bias, examples));
  dispose(tunedBase);

  const report = await transferReport(model, data, linearProbe({ epochs: 1 }), {
    seeds: [1, 2],
    source: { model: source, examples },
  });
  expect(report.forgetting).toEqual({
    before: still.before,
    after: { mean: still.before, interval: [still.before, still.before] },
    forgotten: { mean: 0, interval: [0, 0] },
  });
  for (const handle of [probed, tuned, model, base, source]) dispose(handle);
});

test('the classifier that was cut off a network is put back on its base', async () => {
  const L = tfl.layers;
  const seeded = (seed: number) => tfl.initializers.heNormal({ seed });
  const network = tfl.sequential({
    layers: [
      L.conv2d({
        filters: 6,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [16, 16, 3],
        name: 'conv',
        kernelInitializer: seeded(1),
      }),
      L.globalAveragePooling2d({}),
      L.dense({ units: 2, activation: 'softmax', name: 'classes', kernelInitializer: seeded(2) }),
    ],
  });
  const base = asBase(network, { input: { scale: 1 / 255 } });
  const model = attachHead(classifier(['green', 'blue']))(base);
  const examples = tinted(5, 16, 0);
  const { model: tuned } = await fineTune(model, { train: tinted(6, 24, 1) }, tuning(5));
  const tensors = tf.memory().numTensors;
  const { before, after } = await forgetting(base, tuned, examples);
  expect(tf.memory().numTensors).toBe(tensors);
  const [kernel, bias] = network
    .getLayer('classes')
    .getWeights()
    .map((weight) => weight.dataSync()) as [Float32Array, Float32Array];
  expect(before).toBe(await accuracyOf(base, kernel, bias, examples));
  const tunedBase = asBase(tuned);
  expect(after).toBe(await accuracyOf(tunedBase, kernel, bias, examples));
  dispose(tunedBase);
  const confidence: Metric = {
    kind: 'metric',
    name: 'confidence',
    compute: ({ scores }) => scores.reduce((sum, [first]) => sum + (first as number), 0) / scores.length,
  };
  const sure = await forgetting(base, tuned, examples, { metric: confidence });
  expect(Math.abs(sure.after - sure.before)).toBeGreaterThan(1e-3);
  const many = { ...examples, targets: examples.targets.map(() => 2) };
  await expect(forgetting(base, tuned, many)).rejects.toMatchObject({ code: 'INVALID_DATA' });
  for (const handle of [tuned, model, base]) dispose(handle);
  network.dispose();
});

test('refuses a source without a head, another base, and examples that the old head does not know', async () => {
  const { source, examples } = await pretrained();
  const base = asBase(source);
  const tuned = pipe(base, attachHead(classifier(['green', 'blue'])));
  const tensors = tf.memory().numTensors;
  await expect(forgetting(base, tuned, examples)).rejects.toThrow(/no classifier to put back/);
  await expect(forgetting(undefined as never, tuned, examples)).rejects.toThrow(/no source/);
  await expect(forgetting(source, base as never, examples)).rejects.toMatchObject({ name: 'TransferError' });
  const alien = { ...examples, targets: examples.targets.map(() => 7) };
  await expect(forgetting(source, tuned, alien)).rejects.toMatchObject({ code: 'INVALID_DATA' });
  const alike = { ...examples, targets: examples.targets.map(() => 1) };
  await expect(forgetting(source, tuned, alike, { metric: auc('red') })).rejects.toThrow(/auc is NaN/);
  await expect(forgetting(source, tuned, examples, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  expect((await forgetting(source, tuned, alike)).forgotten).toBe(0);
  expect(tf.memory().numTensors).toBe(tensors);
  for (const handle of [tuned, base, source]) dispose(handle);
});

test('refuses a model of another base', async () => {
  const L = tfl.layers;
  const asSource = (units: number) =>
    asBase(tfl.sequential({ layers: [L.dense({ units, inputShape: [2], name: 'one' })] }), { cut: false });
  const [one, two] = [asSource(3), asSource(4)];
  const [source, tuned] = [one, two].map((base) => attachHead(classifier(['a', 'b']))(base)) as [
    TransferModel,
    TransferModel,
  ];
  const examples = examplesOf([tf.zeros([2, 2])], [0, 1]);
  await expect(forgetting(source, tuned, examples)).rejects.toThrow(
    /another base.*one\/kernel \[2,4\] where that has one\/kernel \[2,3\]/,
  );
  for (const handle of [source, tuned, one, two]) dispose(handle);
});
