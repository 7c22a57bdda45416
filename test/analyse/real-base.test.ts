import * as tf from '@tensorflow/tfjs-core';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attachLearned, featuresOf, learn, nearestMean, rankBases } from '../../src/analyse/index.ts';
import { sourceProbabilities } from '../../src/analyse/source-probabilities.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { subset } from '../../src/data/subset.ts';
import { type Base, dispose, type Examples, evaluate, loadBase, pipe, useBackend } from '../../src/index.ts';
import { infer, type Value } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { imageFolder } from '../../src/node/index.ts';

let base: Base;
let labels: readonly string[];
let few: Examples;
let others: Examples;

beforeAll(async () => {
  await useBackend(wasm());
  base = await loadBase(efficientNetLite0());
  const folder = await imageFolder('examples/data/emoji/google', { validation: 0.5, seed: 1 });
  labels = folder.labels;
  const some = ({ train }: { train: Examples }, from: number, each: number) =>
    subset(
      train,
      labels.flatMap((_, label) =>
        train.targets.flatMap((target, i) => (target === label ? [i] : [])).slice(from, from + each),
      ),
    );
  few = some(folder, 0, 4);
  others = some(folder, 4, 4);
});
afterAll(() => dispose(base));

test('an ImageNet base is worth more than a random one, and its own classifier tells why', async () => {
  const random = tinyCnn({ size: 64 });
  const before = tf.memory().numTensors;
  const { rows } = await rankBases({ random, imagenet: base }, few, { resamples: 20 });
  expect(tf.memory().numTensors).toBe(before);
  expect(rows.map(({ name }) => name)).toEqual(['imagenet', 'random']);
  const [imagenet, other] = rows;
  expect(imagenet?.probe.value).toBeGreaterThan(other?.probe.value as number);
  expect(imagenet?.leep?.value).toBeLessThan(0);
  expect(other?.leep).toBeUndefined();
  dispose(random);
});

test('what the classifier says is what the whole network says', async () => {
  const two = subset(few, [0, 9]);
  const features = await featuresOf(base, two);
  const said = await sourceProbabilities(base, features);
  const whole = await loadBase(efficientNetLite0(), { cut: false });
  const [input] = await two.read([0, 1], { inputs: whole.inputs });
  const { graph } = networkBehind(whole);
  const given = new Map([[graph.inputs[0] as number, { tensor: input as tf.Tensor, mask: null }]]);
  const [{ tensor }] = infer(graph.applications, given, graph.outputs) as [Value];
  const expected = await tensor.data();
  expect(said?.values).toHaveLength(2000);
  expect(Math.max(...expected.map((value, i) => Math.abs(value - (said?.values[i] as number))))).toBeLessThan(1e-5);
  tf.dispose([input as tf.Tensor, tensor]);
  dispose(whole);
});

test('with four pictures a class and no training, nearest means know three times as many as chance', async () => {
  const features = await featuresOf(base, few);
  const model = pipe(base, attachLearned(await learn(nearestMean(), features, features.labels, labels)));
  const { metrics } = await evaluate(model, others);
  console.log(`zero steps: accuracy ${metrics.accuracy} on ${others.size} pictures of ${labels.length} classes`);
  expect(metrics.accuracy).toBeGreaterThan(3 / labels.length);
  dispose(model);
});
