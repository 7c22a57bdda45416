import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  dispose,
  type Examples,
  evaluate,
  fineTune,
  sequence,
  sgd,
  type TransferModel,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { leavingNothing, on, random, weightsOf } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

const lstm = (name: string, seed: number, settings = {}) =>
  L.lstm({
    name,
    units: 3,
    kernelInitializer: tfl.initializers.glorotUniform({ seed }),
    recurrentInitializer: tfl.initializers.glorotUniform({ seed: seed + 1 }),
    ...settings,
  });
const dense = (name: string, units: number) =>
  L.dense({ name, units, kernelInitializer: tfl.initializers.glorotUniform({ seed: name.length }) });

/** What a model's head gives for each example. */
const scores = async (model: TransferModel, examples: Examples) => {
  const { outcome } = await evaluate(model, examples);
  return outcome.scores.map((score) => score[0] as number);
};

/** What the head makes of the features of its base. */
const headOn = (features: tf.Tensor, model: TransferModel) =>
  tf.tidy(() => {
    const { 'head_logits/kernel': kernel } = weightsOf(model);
    return [...tf.matMul(features, tf.tensor(kernel as Float32Array, [features.shape[1] as number, 1])).dataSync()];
  });

const expectClose = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, 5);
};

describe('T19 a mask belongs to its tensor', () => {
  /** A masked LSTM whose output is spread over four steps that nothing masks, for a second LSTM to read. */
  function leaky() {
    const layers = [
      L.masking({ name: 'masking' }),
      lstm('masked', 1),
      dense('spread', 12),
      L.reshape({ targetShape: [4, 3], name: 'steps' }),
      lstm('unmasked', 5),
    ];
    const input = tfl.input({ shape: [4, 3] });
    const output = layers.reduce((value, layer) => on(layer, value), input);
    return { layers, model: tfl.model({ inputs: input, outputs: output }) };
  }
  /** Sequences of which the last two steps are padding. */
  const padded = () => tf.tidy(() => tf.concat([random(1, 5, 2, 3), tf.zeros([5, 2, 3])], 1));
  /** The layers one after the other, with the mask where it belongs. */
  const rightly = ([masking, masked, ...rest]: readonly tfl.layers.Layer[], inputs: tf.Tensor) =>
    tf.tidy(() => {
      const mask = masking?.computeMask(inputs) as tf.Tensor;
      const above = masked?.apply(masking?.apply(inputs) as tf.Tensor, { mask }) as tf.Tensor;
      return rest.reduce((value, layer) => layer.apply(value) as tf.Tensor, above);
    });

  test('tfjs: it leaks to a later LSTM', () => {
    const { layers, model } = leaky();
    const inputs = padded();
    const [predicted, right] = [model.predict(inputs) as tf.Tensor, rightly(layers, inputs)];
    expect(tf.max(tf.abs(tf.sub(predicted, right))).dataSync()[0]).toBeGreaterThan(1e-3);
  });

  test('here: it does not', async () => {
    const { layers, model } = leaky();
    const inputs = padded();
    const expected = rightly(layers, inputs);
    const examples = examplesOf([inputs], [[0], [1], [0], [1], [0]]);
    const base = asBase(model, { cut: false });
    await leavingNothing(async () => {
      const headed = attachHead(regressor(['y']))(base);
      for (const top of [0, 1, 2, 3])
        expectClose(await scores(unfreezeTop(top)(headed), examples), headOn(expected, headed));
      dispose(headed);
    });
    expected.dispose();
    dispose(base);
  });

  /** Token numbers, 0 for padding, of which an embedding makes the mask. */
  function masked() {
    const embedding = L.embedding({
      name: 'embedding',
      inputDim: 6,
      outputDim: 3,
      maskZero: true,
      embeddingsInitializer: tfl.initializers.randomNormal({ seed: 3 }),
    });
    const [sequences, last] = [lstm('sequences', 7, { returnSequences: true }), lstm('last', 9)];
    const input = tfl.input({ shape: [4], dtype: 'int32' });
    const output = on(dense('above', 4), on(last, on(sequences, on(embedding, input))));
    return { model: tfl.model({ inputs: input, outputs: output }), layers: [embedding, sequences, last] as const };
  }
  const tokens = () =>
    tf.tensor2d(
      [
        [1, 2, 0, 0],
        [3, 0, 0, 0],
        [4, 5, 1, 0],
        [2, 2, 2, 2],
      ],
      [4, 4],
      'int32',
    );
  const targets = [[1], [0], [-1], [2]];

  test('here: it crosses the frontier with its tensor', async () => {
    const { model, layers } = masked();
    const inputs = tokens();
    const features = model.predict(inputs) as tf.Tensor;
    // Had the mask no effect, crossing the frontier without it would go unnoticed.
    const unmasked = tf.tidy(() => {
      const hidden = layers.reduce<tf.Tensor>((value, layer) => layer.apply(value) as tf.Tensor, inputs);
      return (model.layers.at(-1) as tfl.layers.Layer).apply(hidden) as tf.Tensor;
    });
    expect(tf.tidy(() => tf.max(tf.abs(tf.sub(features, unmasked))).dataSync()[0])).toBeGreaterThan(1e-3);
    unmasked.dispose();
    const examples = examplesOf([inputs], targets);
    const base = asBase(model, { cut: false });
    expect(base.units).toHaveLength(4);
    await leavingNothing(async () => {
      const headed = attachHead(regressor(['y']))(base);
      const losses: number[] = [];
      for (const top of [0, 1, 2, 3, 4]) {
        const open = unfreezeTop(top)(headed);
        expectClose(await scores(open, examples), headOn(features, headed));
        // The first loss is that of the given weights, through cached features and their masks.
        const { model: tuned, history } = await fineTune(
          headed,
          { train: examples, validation: examples },
          sequence(unfreezeTop(top), train({ epochs: 1, learningRate: 0.01, optimizer: sgd() })),
        );
        losses.push(...(history.phases[0]?.epochs.map(({ loss }) => loss) ?? []));
        dispose(tuned);
      }
      expectClose(
        losses,
        losses.map(() => losses[0] as number),
      );
      expect(losses).toHaveLength(10);
      dispose(headed);
    });
    features.dispose();
    dispose(base);
  });

  test('here: a head does not take the mean of a sequence along its padding', () => {
    const { layers } = masked();
    const input = tfl.input({ shape: [4], dtype: 'int32' });
    const model = tfl.model({ inputs: input, outputs: on(layers[1], on(layers[0], input)) });
    const base = asBase(model, { cut: false });
    expect(() => attachHead(regressor(['y']))(base)).toThrow(/padding is masked.*one vector/);
    dispose(base);
  });
});
