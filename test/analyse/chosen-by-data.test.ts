import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelWeights } from '../../src/analyse/channel-weights.ts';
import { directRelation, reverseRelation } from '../../src/analyse/class-relation.ts';
import { gradientNorms } from '../../src/analyse/gradient-norms.ts';
import { relateClasses } from '../../src/analyse/relate-classes.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { permutation, randomStream } from '../../src/core/random.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  asBase,
  attachHead,
  coTuning,
  dispose,
  evaluate,
  explain,
  fineTune,
  pipe,
  sequence,
  surgical,
  type TransferModel,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { execute, normalizeFrozen } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { asBatchNormalization } from '../../src/model/tfjs-internals.ts';
import { tensorOf, withValues } from '../../src/model/weights.ts';
import { lossOf } from '../../src/train/losses.ts';
import { smoothModel } from '../support/one-step.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const count = 6;
const values = Float32Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919) % 256);
const examples = fromArrays({ values, shape: [count, size, size, 3] }, [0, 1, 0, 1, 1, 1]);
const weightOf = (model: TransferModel, key: string) =>
  tensorOf(networkBehind(model).variables, model.lease.values, key);

describe('gradientNorms', () => {
  /** The norm of the gradient of some weights, layer by layer on the tape of tfjs. */
  function normOf(model: TransferModel, batch: readonly number[], keys: readonly string[]): number {
    const { graph, variables } = networkBehind(model);
    return tf.tidy(() => {
      const x = tf.gather(tf.tensor(values, [count, size, size, 3]), tf.tensor1d([...batch], 'int32'));
      const targets = tf.tensor1d(
        batch.map((index) => examples.targets[index] as number),
        'int32',
      );
      const given = new Map([[graph.inputs[0] as number, { tensor: x, mask: null }]]);
      const { grads } = tf.valueAndGrads((...current: tf.Tensor[]) =>
        withValues(
          variables,
          { ...model.lease.values, ...Object.fromEntries(keys.map((key, i) => [key, current[i] as tf.Tensor])) },
          () => {
            const all = execute(graph.applications, given, ({ layer }, [input]) => {
              const normalization = asBatchNormalization(layer);
              return normalization && normalizeFrozen(normalization, input as tf.Tensor);
            });
            return lossOf(model.head.loss, all.get(graph.outputs[0] as number)?.tensor as tf.Tensor2D, targets);
          },
        ),
      )(keys.map((key) => weightOf(model, key)));
      return Math.sqrt(grads.reduce((sum, gradient) => sum + (tf.sum(tf.square(gradient)).dataSync()[0] as number), 0));
    });
  }

  test('are those of the gradients, the mean over batches, and nothing of the model changes', async () => {
    const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
    const keys = model.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
    const before = keys.map((key) => weightOf(model, key).dataSync().slice());
    const tensors = tf.memory().numTensors;
    const rows = await gradientNorms(model, examples, { batchSize: 4 });
    const order = permutation(count, randomStream(0, 'order', 0, 1));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(keys.map((key) => weightOf(model, key).dataSync())).toEqual(before);
    expect(rows.map(({ block }) => block).sort()).toEqual(['block1', 'block2', 'block3', 'stem_conv']);
    const whole = await gradientNorms(model, examples, { batchSize: 6 });
    for (const { block, layers, gradientNorm, weightNorm, ratio } of whole) {
      const own = layers.map((layer) => `${layer}/${layer.endsWith('depthwise') ? 'depthwise_kernel' : 'kernel'}`);
      expect(gradientNorm / normOf(model, order, own), block).toBeCloseTo(1, 3);
      const [first, second] = [order.slice(0, 4), order.slice(4)].map((batch) => normOf(model, batch, own));
      const inTwo = rows.find((row) => row.block === block)?.gradientNorm as number;
      expect(inTwo / (((first as number) + (second as number)) / 2), block).toBeCloseTo(1, 3);
      const squares = own.map((key) => tf.sum(tf.square(weightOf(model, key))).dataSync()[0] as number);
      expect(weightNorm).toBeCloseTo(Math.sqrt(squares.reduce((sum, one) => sum + one, 0)), 4);
      expect(ratio).toBeCloseTo(gradientNorm / weightNorm, 6);
    }
    expect(whole.map(({ ratio }) => ratio)).toEqual(whole.map(({ ratio }) => ratio).sort((a, b) => b - a));
    const again = await gradientNorms(model, examples, { batchSize: 4 });
    expect(again).toEqual(rows);
    dispose(model);
  });

  test('opens its block and no other whose name begins alike', async () => {
    const conv = (name: string) => tfl.layers.conv2d({ name, filters: 2, kernelSize: 1, activation: 'tanh' });
    const names = ['block_1_expand', 'block_1_project', 'block_10_expand'];
    const source = tfl.sequential({
      layers: [tfl.layers.inputLayer({ inputShape: [size, size, 3] }), ...names.map(conv)],
    });
    const model = pipe(asBase(source, { cut: false }), attachHead(classifier(['a', 'b'])));
    const first = (await gradientNorms(model, examples)).find(({ block }) => block === 'block_1');
    expect(first?.layers).toEqual(['block_1_expand', 'block_1_project']);
    const [probe, tune] = explain(model, surgical(first?.layers ?? ['']));
    expect(probe?.trains.map(({ layer }) => layer)).toEqual(['head_logits']);
    expect(tune?.trains.map(({ layer }) => layer)).toEqual([...names.slice(0, 2), 'head_logits']);
    expect(() => surgical(['x'], { probe: { lr: 1 } as never })).toThrow(/probe of surgical received lr/);
    dispose(model);
    source.dispose();
  });

  test('an abort throws and leaves nothing, and a base alone is refused', async () => {
    const base = tinyCnn({ size });
    const model = attachHead(classifier(['a', 'b']))(base);
    const tensors = tf.memory().numTensors;
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(gradientNorms(model, examples, { signal: controller.signal })).rejects.toThrow('enough');
    await expect(gradientNorms(base as never, examples)).rejects.toMatchObject({ code: 'INVALID_ORDER' });
    await expect(gradientNorms(model, examples, { batchSize: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
    dispose(base);
  });
});

describe('relateClasses', () => {
  const pixels = Float32Array.from({ length: 9 * 12 }, (_, i) => Math.sin(7 * i));
  const labels = [0, 1, 1, 0, 1, 1, 0, 0, 1];
  const small = fromArrays({ values: pixels, shape: [9, 2, 2, 3] }, labels);

  test('without validation it is the mean of what the old head says, at its temperature', async () => {
    const source = smoothModel();
    const base = asBase(source);
    const said = tf.tidy(() => (source.predict(tf.tensor(pixels, [9, 2, 2, 3])) as tf.Tensor2D).arraySync());
    const tensors = tf.memory().numTensors;
    const { relation, kernel, bias } = await relateClasses(base, { train: small, labels: ['a', 'b', 'never'] });
    const warm = await relateClasses(base, { train: small }, { temperature: 2 });
    expect(tf.memory().numTensors).toBe(tensors);
    const meanOf = (rows: readonly (readonly number[])[]) =>
      [0, 1, 2].map((k) => rows.reduce((sum, row) => sum + (row[k] as number), 0) / rows.length);
    const softened = said.map((row) => {
      const powers = row.map(Math.sqrt);
      return powers.map((power) => power / powers.reduce((sum, one) => sum + one, 0));
    });
    const close = (rows: readonly (readonly number[])[], expected: readonly (readonly number[])[]) =>
      expected.forEach((row, i) => {
        for (const [k, p] of row.entries()) expect(rows[i]?.[k]).toBeCloseTo(p, 5);
      });
    const ofClass = (all: readonly (readonly number[])[], label: number) =>
      meanOf(all.filter((_, i) => labels[i] === label));
    close(relation, [ofClass(said, 0), ofClass(said, 1), meanOf(said)]);
    close(warm.relation, [ofClass(softened, 0), ofClass(softened, 1)]);
    const [weights, constants] = source.getLayer('old').getWeights() as [tf.Tensor, tf.Tensor];
    expect(kernel).toEqual([...weights.dataSync()]);
    expect(bias).toEqual([...constants.dataSync()]);
    // It fits what it was made for.
    const model = pipe(base, attachHead(classifier(['a', 'b'])));
    const penalties = [coTuning(warm)];
    const { model: tuned } = await fineTune(
      model,
      { train: small },
      sequence(unfreezeTop(1), train({ epochs: 1, penalties })),
    );
    for (const one of [tuned, model, base]) dispose(one);
    source.dispose();
  });

  test('with validation it is turned around by Bayes: clear classes keep theirs, and nothing is NaN', async () => {
    const base = asBase(smoothModel());
    const data = { train: small, validation: small, labels: ['a', 'b', 'never'] };
    const { relation } = await relateClasses(base, data);
    for (const row of relation) {
      expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
      expect(row.every((p) => p >= 0)).toBe(true);
    }
    dispose(base);
    // The old class 0 is the new class 0; 1 and 2 are the new class 1, twice as often 2 as 1.
    const rows = [0, 1, 2, 0, 2, 2].map((old) => [0, 1, 2].map((k) => (k === old ? 0.98 : 0.01)));
    const answers = {
      said: { rows: 6, columns: 3, values: Float64Array.from(rows.flat()) },
      labels: [0, 1, 1, 0, 1, 1],
    };
    const [first = [], second = []] = await reverseRelation(answers, answers, 2, async () => {});
    expect(first[0]).toBeGreaterThan(0.99);
    expect(second[0]).toBeLessThan(0.01);
    // By the mean of what is said: 0.98 + 3 * 0.01 + ... of six.
    const [one, two] = [(0.98 + 5 * 0.01) / 6, (3 * 0.98 + 3 * 0.01) / 6];
    expect((second[2] as number) / (second[1] as number)).toBeCloseTo(two / one, 3);
    expect([...(directRelation(answers, 2)[0] ?? [])]).toEqual([0.98, 0.01, 0.01]);
  });

  test('a base without an old head is refused, and so is a temperature of 0', async () => {
    const base = tinyCnn({ size });
    await expect(relateClasses(base, { train: examples })).rejects.toThrow(/"tiny-cnn" has no old classifier/);
    await expect(relateClasses(undefined as never, { train: examples })).rejects.toThrow(/this is no base/);
    await expect(relateClasses(base, { train: examples }, { temperature: 0 })).rejects.toThrow(/number above 0/);
    dispose(base);
  });
});

test('channelWeights are the softmax of what the loss grows by without each channel', async () => {
  const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
  const tensors = tf.memory().numTensors;
  const weights = await channelWeights(model, examples, undefined, { batchSize: 4 });
  expect(tf.memory().numTensors).toBe(tensors);
  // The head reads 128 channels: without one of them its row of the kernel is 0.
  const kernel = weightOf(model, 'head_logits/kernel');
  const lossOfKernel = async (changed: tf.Tensor) => {
    const lease = { ...model.lease, values: { ...model.lease.values, 'head_logits/kernel': changed } };
    return (await evaluate({ ...model, lease } as TransferModel, examples)).loss;
  };
  const whole = await lossOfKernel(kernel);
  const growths: number[] = [];
  for (let channel = 0; channel < 128; channel++) {
    const changed = tf.tidy(() =>
      tf.mul(kernel, tf.tensor2d(Array.from({ length: 128 }, (_, c) => [Number(c !== channel)]))),
    );
    growths.push((await lossOfKernel(changed)) - whole);
    changed.dispose();
  }
  const middle = growths.reduce((sum, one) => sum + one, 0) / 128;
  const deviation = Math.sqrt(growths.reduce((sum, one) => sum + (one - middle) ** 2, 0) / 128);
  const powers = growths.map((one) => Math.exp((one - middle) / deviation / 5));
  const sum = powers.reduce((before, power) => before + power, 0);
  for (const [c, weight] of weights.entries()) expect(weight / ((powers[c] as number) / sum)).toBeCloseTo(1, 3);
  expect(Math.max(...weights) / Math.min(...weights)).toBeGreaterThan(1.5);
  expect(await channelWeights(model, examples, 'block1_pointwise_relu')).toHaveLength(32);
  await expect(channelWeights(model, examples, 'nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  dispose(model);
});
