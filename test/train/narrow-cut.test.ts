import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { fromTensors } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  asBase,
  attachHead,
  dispose,
  explain,
  linearProbe,
  loadBase,
  pipe,
  sequence,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { graphOf } from '../../src/model/graph.ts';
import { split } from '../../src/model/split.ts';
import { bytesPerExample, narrowCut } from '../../src/train/narrow-cut.ts';
import { workOf } from '../../src/train/work.ts';
import { ran } from '../support/spilled-runs.ts';

beforeAll(() => useBackend(cpu()));

const L = tfl.layers;
const conv = (name: string, filters: number, kernelSize = 1) =>
  L.conv2d({ name, filters, kernelSize, padding: 'same', useBias: false });

/** Narrow, expanded by a cheap convolution, then what trains. */
function expanding(expanded: number, residual: boolean) {
  const input = tfl.input({ shape: [4, 4, 3] });
  const on = (layer: tfl.layers.Layer, value: tfl.SymbolicTensor) => layer.apply(value) as tfl.SymbolicTensor;
  const narrow = on(L.reLU({ name: 'narrow' }), on(conv('stem', 4), input));
  const wide = on(
    L.reLU({ name: 'wide' }),
    on(L.batchNormalization({ name: 'norm' }), on(conv('expand', expanded), narrow)),
  );
  const top = on(conv('top', residual ? 4 : 64, 3), wide);
  const output = residual ? (L.add({ name: 'join' }).apply([top, narrow]) as tfl.SymbolicTensor) : top;
  return tfl.model({ inputs: input, outputs: on(L.globalAveragePooling2d({ name: 'pool' }), output) });
}

const namesAt = (model: tfl.LayersModel, trained: string) => {
  const graph = graphOf(model);
  const divided = split(graph, new Set([trained]));
  const narrowed = narrowCut(graph, divided);
  const nameOf = (id: number) => graph.applications.find(({ outputs }) => outputs.includes(id))?.path ?? 'the input';
  return { graph, divided, narrowed, names: narrowed.cut.map(nameOf) };
};

test('counts multiply-adds: each weight of a product at each position, each number of an output once', () => {
  const model = expanding(16, false);
  const work = (name: string) => {
    const graph = graphOf(model);
    return workOf(
      graph,
      graph.applications.filter(({ path }) => path === name),
    );
  };
  expect(work('stem')).toBe(16 * 3 * 4 + 64);
  expect(work('top')).toBe(16 * 9 * 16 * 64 + 16 * 64);
  expect(work('norm')).toBe(16 * 16);
  expect(work('pool')).toBe(64);
  model.dispose();
  const recurrent = tfl.sequential({
    layers: [
      L.embedding({ inputDim: 100, outputDim: 8, inputLength: 5, name: 'words' }),
      L.simpleRNN({ units: 6, recurrentInitializer: 'glorotUniform', name: 'reader' }),
    ],
  });
  const graph = graphOf(recurrent);
  expect(graph.applications.map((application) => workOf(graph, [application]))).toEqual([40, 5 * (8 * 6 + 6 * 6) + 6]);
  recurrent.dispose();
});

test('lies under a cheap expansion, and not where that saves less than half or costs too much', () => {
  const cheap = expanding(16, false);
  expect(namesAt(cheap, 'top').names).toEqual(['narrow']);
  // Half as many channels above: nothing to gain.
  const even = expanding(7, false);
  expect(namesAt(even, 'top').names).toEqual(['wide']);
  // The head alone trains: the pooled values are the narrowest, and nothing below them is cheap.
  expect(namesAt(cheap, 'pool').names).toEqual(['top']);
  for (const model of [cheap, even]) model.dispose();
});

test('of two values at the frontier, the one that the other is made of is enough', () => {
  const model = expanding(16, true);
  const { graph, divided, narrowed, names } = namesAt(model, 'top');
  expect(divided.cut).toHaveLength(2);
  // The way costs 16 * 4 * 16 multiply-adds and a few, a step three times 16 * 9 * 16 * 4.
  expect(names).toEqual(['narrow']);
  expect(bytesPerExample(graph, divided.cut)).toBe(4 * 16 * (16 + 4));
  expect(bytesPerExample(graph, narrowed.cut)).toBe(4 * 16 * 4);
  expect(narrowed.suffix.map(({ path }) => path)).toEqual(['expand', 'norm', 'wide', 'top', 'join', 'pool']);
  expect(narrowed.prefix.map(({ path }) => path)).toEqual(['stem', 'narrow']);
  model.dispose();
});

test.each([
  ['cpu', cpu],
  ['wasm', wasm],
])('a run that caches below the frontier gives the bits of one that caches nothing: %s', async (_, backend) => {
  await useBackend(backend());
  const tensor = tf.randomUniform([13, 4, 4, 3], 0, 1, 'float32', 5);
  const targets = Array.from({ length: 13 }, (_, index) => index % 2);
  const data = { train: await fromTensors(tensor, targets), validation: await fromTensors(tensor, targets) };
  tensor.dispose();
  for (const residual of [false, true]) {
    const layers = expanding(16, residual);
    const base = asBase(layers, { cut: false });
    const model = attachHead(classifier(['a', 'b']))(base);
    const strategy = sequence(unfreezeTop('top'), train({ epochs: 3, batchSize: 4, learningRate: 0.01 }));
    expect(explain(model, strategy)[0]?.bytesPerExample).toBe(4 * 16 * 4);
    const before = tf.memory().numTensors;
    const narrow = await ran(model, data, strategy);
    // What is needed at the narrow place, and not a byte more.
    const tight = await ran(model, data, strategy, { cacheBytes: 2 * 13 * 4 * 16 * 4 });
    const spilled = await ran(model, data, strategy, { cacheBytes: 1 });
    const none = await ran(model, data, strategy, { cacheBytes: 0 });
    expect(tf.memory().numTensors).toBe(before);
    expect(tight.events.filter(({ kind }) => kind === 'cacheExceeded')).toEqual([]);
    expect(narrow.bits).toEqual(none.bits);
    expect(tight.bits).toEqual(none.bits);
    expect(spilled.bits).toEqual(none.bits);
    expect(narrow.history).toEqual(none.history);
    for (const one of [model, base]) dispose(one);
    layers.dispose();
  }
});

test('EfficientNet-Lite0 is cached under the expansion of its last block', async () => {
  const base = await loadBase(efficientNetLite0());
  const model = pipe(base, attachHead(classifier(['a', 'b'])));
  const [probe, top] = explain(model, sequence(linearProbe(), unfreezeTop(3), train({ epochs: 1 })));
  expect(probe?.bytesPerExample).toBe(1280 * 4);
  expect(top?.trains.map(({ layer }) => layer)[0]).toBe('block7a_dwconv');
  expect(top?.bytesPerExample).toBe(7 * 7 * 192 * 4);
  for (const one of [model, base]) dispose(one);
});
