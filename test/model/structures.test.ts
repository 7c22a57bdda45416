import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { unfreeze, unfreezeTop } from '../../src/core/edits.ts';
import type { Base } from '../../src/core/handle.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { infer } from '../../src/model/execute.ts';
import { loadModel } from '../../src/model/load-model.ts';
import { networkBehind } from '../../src/model/network.ts';
import { saveModel } from '../../src/model/save-model.ts';
import { split } from '../../src/model/split.ts';
import { trainedBy } from '../../src/model/trained.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { difference, examplesOf, memory } from '../support/examples.ts';

const L = tfl.layers;
type Symbolic = tfl.SymbolicTensor;
const on = (layer: tfl.layers.Layer, ...inputs: Symbolic[]) =>
  layer.apply(inputs.length === 1 ? (inputs[0] as Symbolic) : inputs) as Symbolic;
const dense = (units: number, name: string, activation: 'tanh' | 'linear' = 'tanh') =>
  L.dense({ units, name, activation });
const input = (...shape: number[]) => tfl.input({ shape });
const lstm = (name: string, settings = {}) =>
  L.lstm({ units: 3, name, recurrentInitializer: 'glorotUniform', ...settings });

const random = (seed: number, ...shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', seed);

interface Structure {
  readonly build: () => tfl.LayersModel;
  readonly inputs: () => tf.Tensor[];
  readonly cut?: string;
}

const structures: Record<string, Structure> = {
  'a skip connection over the cut': {
    build() {
      const i = input(4);
      const a = on(dense(4, 's1'), i);
      const b = on(dense(4, 's2'), a);
      const c = on(dense(4, 's3'), b);
      return tfl.model({ inputs: i, outputs: on(dense(5, 's4'), on(L.add(), on(L.add(), a, c), b)) });
    },
    inputs: () => [random(1, 6, 4)],
  },
  'nested models with layers of one name': {
    build() {
      const inner = tfl.sequential({
        name: 'inner',
        layers: [L.dense({ units: 5, inputShape: [4], name: 'd1' }), dense(5, 'd2')],
      });
      const j = input(5);
      const skip = tfl.model({ inputs: j, outputs: on(L.add(), j, on(dense(5, 'd1'), j)), name: 'skip' });
      const i = input(4);
      return tfl.model({ inputs: i, outputs: on(dense(2, 'd1'), skip.apply(inner.apply(i)) as Symbolic) });
    },
    inputs: () => [random(2, 6, 4)],
  },
  'a layer applied twice': {
    build() {
      const shared = dense(4, 'shared');
      const i = input(4);
      const a = on(shared, i);
      return tfl.model({ inputs: i, outputs: on(L.add(), on(shared, on(dense(4, 'middle'), a)), a) });
    },
    inputs: () => [random(3, 6, 4)],
  },
  'a siamese pair of one nested model': {
    build() {
      const twin = tfl.sequential({
        name: 'twin',
        layers: [L.dense({ units: 3, inputShape: [4], name: 't1' }), dense(3, 't2')],
      });
      const [i, j] = [input(4), input(4)];
      const pair = on(L.concatenate(), twin.apply(i) as Symbolic, twin.apply(j) as Symbolic);
      return tfl.model({ inputs: [i, j], outputs: on(dense(4, 'joined'), pair) });
    },
    inputs: () => [random(4, 6, 4), random(5, 6, 4)],
  },
  'several inputs and outputs, cut at one': {
    build() {
      const [i, j] = [input(4), input(3)];
      const a = on(dense(4, 'a'), i);
      const b = on(dense(4, 'b'), j);
      const c = on(dense(4, 'c'), on(L.concatenate(), a, b));
      return tfl.model({ inputs: [i, j], outputs: [on(dense(2, 'o1'), c), on(dense(1, 'o2'), b)] });
    },
    inputs: () => [random(6, 6, 4), random(7, 6, 3)],
    cut: 'c',
  },
  'masks from an Embedding through an LSTM': {
    build: () =>
      tfl.sequential({
        layers: [
          L.embedding({ inputDim: 6, outputDim: 3, maskZero: true, inputLength: 4, name: 'words' }),
          lstm('reads', { returnSequences: true }),
          lstm('sums'),
          dense(2, 'says'),
        ],
      }),
    inputs: () => [
      tf.tensor2d(
        [
          [1, 2, 0, 0],
          [3, 0, 0, 0],
          [1, 2, 3, 4],
          [5, 0, 0, 0],
          [2, 2, 0, 0],
          [1, 5, 3, 0],
        ],
        [6, 4],
        'int32',
      ),
    ],
  },
  'wrappers: Bidirectional and TimeDistributed': {
    build() {
      const i = input(5, 3);
      const both = on(
        L.bidirectional({
          layer: lstm('one', { returnSequences: true }) as tfl.RNN,
          mergeMode: 'concat',
          name: 'both',
        }),
        i,
      );
      const each = on(L.timeDistributed({ layer: dense(4, 'each'), name: 'every' }), both);
      return tfl.model({ inputs: i, outputs: on(L.flatten(), each) });
    },
    inputs: () => [random(8, 6, 5, 3)],
  },
  'a Sequential of convolutions': {
    build: () =>
      tfl.sequential({
        layers: [
          L.conv2d({ filters: 4, kernelSize: 3, inputShape: [6, 6, 2], name: 'c1', useBias: false }),
          L.batchNormalization({ name: 'c1_norm' }),
          L.reLU({ name: 'c1_relu' }),
          L.depthwiseConv2d({ kernelSize: 3, padding: 'same', name: 'c2' }),
          L.batchNormalization({ name: 'c2_norm', scale: false }),
          L.maxPooling2d({ poolSize: 2 }),
        ],
      }),
    inputs: () => [random(9, 6, 6, 6, 2)],
  },
};

const targets = [0, 1, 2, 0, 1, 2];
const bits = (base: Base) =>
  [...networkBehind(base).variables].map(([key, variable]) => [
    key,
    [...new Uint32Array(variable.val.dataSync().slice().buffer)],
  ]);

beforeAll(() => useBackend(cpu()));

describe.each(Object.entries(structures))('%s', (_, { build, inputs, cut }) => {
  test('every frontier gives the output of the whole', () => {
    const model = build();
    const base = asBase(model, { cut: false });
    const { graph } = networkBehind(base);
    const xs = inputs();
    const expected = [model.predict(xs.length === 1 ? (xs[0] as tf.Tensor) : xs)].flat();
    const frontiers = new Set<string>();
    for (let n = 0; n <= base.units.length; n++) {
      const edited = unfreezeTop(n)(base);
      const divided = split(graph, trainedBy(edited.layers, edited.settings).layers);
      frontiers.add(String(divided.cut));
      const below = infer(
        divided.prefix,
        new Map(graph.inputs.map((id, i) => [id, { tensor: xs[i] as tf.Tensor, mask: null }])),
        divided.cut,
      );
      const given = new Map(divided.cut.map((id, i) => [id, below[i] as (typeof below)[number]]));
      infer(divided.suffix, given, graph.outputs).forEach(({ tensor }, i) => {
        expect(difference(tensor, expected[i] as tf.Tensor)).toBeLessThan(1e-6);
      });
    }
    expect(frontiers.size).toBeGreaterThan(1);
  });

  test('trains, keeps its base, saves, loads and predicts the same', async () => {
    const model = build();
    const base = asBase(model, { cut: cut ?? false });
    const before = bits(base);
    const start = pipe(base, attachHead(classifier(['a', 'b', 'c'])));
    const data = { train: examplesOf(inputs(), targets) };
    const tensors = tf.memory().numTensors;
    const { model: tuned } = await fineTune(
      start,
      data,
      sequence(unfreezeTop(1), train({ epochs: 1 }), unfreeze(), train({ epochs: 2, learningRate: 0.01 })),
    );
    const own = Object.keys(tuned.lease.values).length;
    expect(tf.memory().numTensors).toBe(tensors + own);
    expect(bits(base)).toEqual(before);
    const changed = Object.entries(tuned.lease.values).filter(([key, value]) => {
      const first = start.lease.values[key] ?? networkBehind(start).variables.get(key)?.val;
      return difference(value, first as tf.Tensor) > 0;
    });
    expect(changed.length).toBe(own);

    const store = memory();
    await saveModel(tuned, store);
    const loaded = await loadModel(store);
    const expected = (await evaluate(tuned, data.train)).outcome.scores;
    const again = (await evaluate(loaded, data.train)).outcome.scores;
    expect(again).toEqual(expected);
    const plain = await tfl.loadLayersModel(store);
    const xs = inputs();
    const output = plain.predict(xs.length === 1 ? (xs[0] as tf.Tensor) : xs) as tf.Tensor;
    const scores = tf.tensor2d(expected.map((row) => [...row]));
    expect(difference(output, scores)).toBeLessThan(1e-6);
    dispose(loaded);
    dispose(tuned);
    dispose(start);
    dispose(base);
  });
});

test('a base of several outputs asks for a cut', () => {
  const base = asBase((structures['several inputs and outputs, cut at one'] as Structure).build(), { cut: false });
  expect(() => attachHead(classifier(['a', 'b']))(base)).toThrow(/several values.*cut/s);
});

test('a base loaded twice has the same keys', () => {
  const build = () => tfl.sequential({ layers: [L.dense({ units: 2, inputShape: [4], name: 'd' }), dense(2, 'e')] });
  const keys = [asBase(build(), { cut: false }), asBase(build(), { cut: false })].map((base) => [
    ...networkBehind(base).variables.keys(),
  ]);
  expect(keys[0]).toEqual(['d/kernel', 'd/bias', 'e/kernel', 'e/bias']);
  expect(keys[1]).toEqual(keys[0]);
});
