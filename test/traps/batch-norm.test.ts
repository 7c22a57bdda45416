import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  batchNorm,
  dispose,
  fineTune,
  pipe,
  sequence,
  sgd,
  train,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { networkBehind } from '../../src/model/network.ts';
import { leavingNothing, matching, on, random, rows, taken, Witness, weightsOf } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

const statistics = /\/moving_(mean|variance)$/;
const trainByTfjs = (model: tfl.LayersModel) => {
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
  return model.fit(random(1, 8, 3), random(2, 8, 1), { epochs: 2, verbose: 0 });
};

/** Dense, BatchNormalization and dense again. */
function normalized(settings: { scale?: boolean } = {}) {
  const normalization = L.batchNormalization({ name: 'normalization', momentum: 0.5, ...settings });
  const model = tfl.sequential({
    layers: [
      L.dense({
        units: 4,
        inputShape: [3],
        name: 'below',
        kernelInitializer: tfl.initializers.glorotUniform({ seed: 3 }),
      }),
      normalization,
      L.dense({ units: 1, name: 'above', kernelInitializer: tfl.initializers.glorotUniform({ seed: 4 }) }),
    ],
  });
  return { model, normalization };
}

describe('T1 a frozen BatchNormalization keeps its moving statistics', () => {
  test('tfjs: it does not', async () => {
    const { model, normalization } = normalized();
    normalization.trainable = false;
    const [mean, variance] = normalization
      .getWeights()
      .slice(2)
      .map((tensor) => [...tensor.dataSync()]);
    expect([mean, variance]).toEqual([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ]);
    await trainByTfjs(model);
    const [, , meanAfter, varianceAfter] = normalization.getWeights().map((tensor) => [...tensor.dataSync()]);
    expect(meanAfter).not.toEqual(mean);
    expect(varianceAfter).not.toEqual(variance);
  });

  test('here: to the bit, with hashes to prove it', async () => {
    const base = asBase(normalized().model, { cut: false });
    const data = { train: rows(1, 8, 3) };
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])), unfreeze(), batchNorm('frozen'));
      const before = weightsOf(model);
      const { model: tuned, history } = await fineTune(model, data, [
        train({ epochs: 3, learningRate: 0.1, batchSize: 4 }),
      ]);
      const after = weightsOf(tuned);
      const frozen = matching(after, /^normalization\//);
      expect(Object.keys(frozen)).toHaveLength(4);
      expect(frozen).toEqual(matching(before, /^normalization\//));
      expect(history.frozen).toEqual(
        Object.fromEntries(
          Object.entries(frozen).map(([key, values]) => [
            key,
            createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'),
          ]),
        ),
      );
      expect(after['below/kernel']).not.toEqual(before['below/kernel']);
      dispose(tuned);
      dispose(model);
    });
    dispose(base);
  });
});

describe('T2 a base that was applied with { training: false } stays in inference mode', () => {
  /** What the layer above the base reads in each step of training. */
  const seen: number[][] = [];
  function nested() {
    seen.length = 0;
    const inner = tfl.sequential({
      name: 'inner',
      layers: [
        L.dense({
          units: 4,
          inputShape: [3],
          name: 'below',
          kernelInitializer: tfl.initializers.glorotUniform({ seed: 3 }),
        }),
        L.batchNormalization({ name: 'normalization', momentum: 0.5 }),
        L.dropout({ rate: 0.5, name: 'dropout' }),
      ],
    });
    const input = tfl.input({ shape: [3] });
    const features = inner.apply(input, { training: false }) as tfl.SymbolicTensor;
    const watched = on(new Witness((value) => seen.push([...value.dataSync()])), features);
    const output = on(L.dense({ units: 1, name: 'above' }), watched);
    return { inner, model: tfl.model({ inputs: input, outputs: output }) };
  }
  const ofInner = (inner: tfl.LayersModel) => taken(tf.tidy(() => inner.predict(random(1, 8, 3)) as tf.Tensor));

  test('tfjs: it does not', async () => {
    const { inner, model } = nested();
    const inference = ofInner(inner);
    const [moving] = inner.weights.filter(({ name }) => /moving_mean/.test(name)).map((weight) => weight.read());
    const before = taken(tf.clone(moving as tf.Tensor));
    await trainByTfjs(model);
    const [after] = inner.weights.filter(({ name }) => /moving_mean/.test(name)).map((weight) => weight.read());
    expect([...(after as tf.Tensor).dataSync()]).not.toEqual(before);
    expect(inference.filter((value) => value === 0)).toHaveLength(0);
    expect(seen[0]?.filter((value) => value === 0)).not.toHaveLength(0);
  });

  test('here: it does', async () => {
    const { inner, model } = nested();
    const base = asBase(model, { cut: false });
    const flags = networkBehind(base).graph.applications.map(({ path, inferenceOnly }) => [path, inferenceOnly]);
    expect(flags).toEqual([
      ['inner/below', true],
      ['inner/normalization', true],
      ['inner/dropout', true],
      ['witness', false],
      ['above', false],
    ]);
    const inference = ofInner(inner);
    const data = { train: rows(1, 8, 3) };
    await leavingNothing(async () => {
      const open = pipe(base, attachHead(regressor(['y'])), unfreeze(), batchNorm('train'));
      const before = weightsOf(open);
      // One batch of all rows, in another order than in `inference`.
      const { model: tuned } = await fineTune(open, data, [train({ epochs: 1, learningRate: 0.1, optimizer: sgd() })]);
      const after = weightsOf(tuned);
      expect(matching(after, statistics)).toEqual(matching(before, statistics));
      expect(Object.keys(matching(after, statistics))).toHaveLength(2);
      const ascending = (values: readonly number[] = []) => [...values].sort((a, b) => a - b);
      const [first, expected] = [ascending(seen[0]), ascending(inference)];
      expect(first).toHaveLength(expected.length);
      for (const [index, value] of expected.entries()) expect(first[index]).toBeCloseTo(value, 5);
      expect(after['inner/below/kernel']).not.toEqual(before['inner/below/kernel']);
      dispose(tuned);
      dispose(open);
    });
    dispose(base);
  });
});

describe('T3 a BatchNormalization without gamma trains', () => {
  test('tfjs: it throws', async () => {
    await expect(trainByTfjs(normalized({ scale: false }).model)).rejects.toThrow(
      /Cannot read properties of undefined/,
    );
  });

  const tuneOnce = async (scale: boolean, policy: 'statistics' | 'train') => {
    const base = asBase(normalized({ scale }).model, { cut: false });
    const model = pipe(base, attachHead(regressor(['y'])), unfreeze());
    const { model: tuned, history } = await fineTune(
      model,
      { train: rows(1, 8, 3) },
      sequence(batchNorm(policy), train({ epochs: 1, learningRate: 0.1, optimizer: sgd() })),
    );
    const result = { weights: weightsOf(tuned), before: weightsOf(model), loss: history.phases[0]?.epochs[0]?.loss };
    for (const handle of [tuned, model, base]) dispose(handle);
    return result;
  };

  test('here: as one whose gamma is one', async () => {
    const [without, having] = [await tuneOnce(false, 'statistics'), await tuneOnce(true, 'statistics')];
    expect(Object.keys(matching(without.weights, /^normalization/))).toEqual([
      'normalization/beta',
      'normalization/moving_mean',
      'normalization/moving_variance',
    ]);
    expect(without.loss).toBe(having.loss);
    expect(without.weights).toEqual(matching(having.weights, /^(?!.*gamma)/));
    expect(without.weights['normalization/moving_mean']).not.toEqual(without.before['normalization/moving_mean']);
    const trained = await tuneOnce(false, 'train');
    expect(trained.weights['normalization/beta']).not.toEqual(trained.before['normalization/beta']);
  });
});
