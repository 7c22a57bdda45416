import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import type { TransferModel, WeightKey } from '../../src/core/handle.ts';
import { regressor } from '../../src/heads/regressor.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { execute, infer, normalizeFrozen, type Values } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { split } from '../../src/model/split.ts';
import { asBatchNormalization } from '../../src/model/tfjs-internals.ts';
import { trainedBy } from '../../src/model/trained.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { tensorOf, withValues } from '../../src/model/weights.ts';
import { lossOf } from '../../src/train/losses.ts';
import { sgd } from '../../src/train/optimizers.ts';
import { type StepPlan, trainStep } from '../../src/train/step.ts';
import { builtNetwork, type ChainedNetwork, chainedNetworks, examplesFor, scatterWeights } from '../support/chains.ts';

type Trains = (key: WeightKey) => boolean;

/** A phase that trains some weights of a base, and its values at the frontier. */
function phaseOf(base: tfl.LayersModel, x: tf.Tensor, trains: Trains) {
  const plain = attachHead(regressor(['y']))(asBase(base, { cut: false }));
  const keys = plain.layers.flatMap(({ weights }) => weights).map(({ key }) => key);
  const settings = {
    trains: new Set(keys.filter(trains)),
    rates: new Map<string, number>(),
    batchNorm: 'frozen',
  } as const;
  const model: TransferModel = { ...plain, settings };
  const network = networkBehind(model);
  const trained = trainedBy(model.layers, settings);
  const divided = split(network.graph, trained.layers);
  const plan: StepPlan = {
    network,
    split: divided,
    trained,
    loss: model.head.loss,
    optimizer: sgd(),
    factors: {},
    penalties: [],
  };
  const given = new Map([[network.graph.inputs[0] as number, { tensor: x, mask: null }]]);
  const values = infer(divided.prefix, given, divided.cut);
  const cut: Values = new Map(divided.cut.map((id, i) => [id, values[i] as (typeof values)[number]]));
  const targets = tf.randomNormal([x.shape[0] as number, 1], 0, 1, 'float32', 9);
  const free = () => {
    tf.dispose([targets, ...values.map(({ tensor }) => tensor)]);
    dispose(model);
  };
  return { model, plan, cut, targets, free };
}
type PhaseOf = ReturnType<typeof phaseOf>;

const oneStep = ({ model, plan, cut, targets }: PhaseOf) =>
  trainStep(plan, model.lease.values, {}, cut, targets, { learningRate: 1, momentum: undefined }, [0, 'step']);

/** The gradients that a step follows: what it takes off a weight at rate 1. */
function gradientsOf(phase: PhaseOf): Record<WeightKey, tf.Tensor> {
  const { model, plan } = phase;
  return tf.tidy(() => {
    const { values } = oneStep(phase);
    const before = (key: string) => tensorOf(plan.network.variables, model.lease.values, key);
    return Object.fromEntries(Object.entries(values).map(([key, after]) => [key, tf.sub(before(key), after)]));
  });
}

/** The same by the layers themselves, one by one, on the tape of tfjs. */
function plainGradientsOf({ model, plan: { network, split, trained, loss }, cut, targets }: PhaseOf) {
  return tf.tidy(() => {
    const parameters = trained.keys.map((key) => tensorOf(network.variables, model.lease.values, key));
    const { grads } = tf.valueAndGrads((...current: tf.Tensor[]) => {
      const own = Object.fromEntries(trained.keys.map((key, i) => [key, current[i] as tf.Tensor]));
      return withValues(network.variables, { ...model.lease.values, ...own }, () => {
        const all = execute(split.suffix, cut, ({ layer }, [input]) => {
          const normalization = asBatchNormalization(layer);
          if (normalization) return normalizeFrozen(normalization, input as tf.Tensor);
          const { kernel, bias, dilationRate } = layer as unknown as Record<'kernel' | 'bias', { val: tf.Tensor4D }> & {
            readonly dilationRate?: [number, number];
          };
          // The gradient of tfjs' fused convolution refuses dilation.
          if (layer.getClassName() !== 'Conv2D' || dilationRate?.[0] === 1) return undefined;
          return tf.add(tf.conv2d(input as tf.Tensor4D, kernel.val, 1, 'valid', 'NHWC', dilationRate), bias.val);
        });
        return lossOf(loss, all.get(network.graph.outputs[0] as number)?.tensor as tf.Tensor2D, targets);
      });
    })(parameters);
    return Object.fromEntries(trained.keys.map((key, i) => [key, grads[i] as tf.Tensor]));
  });
}

const largestOf = (tensor: tf.Tensor) => Math.max(...tensor.dataSync().map(Math.abs));

/** The largest difference of two gradients, relative to the largest number of the second. */
function farthest(gradients: Record<WeightKey, tf.Tensor>, expected: Record<WeightKey, tf.Tensor>): number {
  expect(Object.keys(gradients)).toEqual(Object.keys(expected));
  return Math.max(
    ...Object.entries(expected).map(([key, tensor]) =>
      tf.tidy(() => largestOf(tf.sub(gradients[key] as tf.Tensor, tensor)) / Math.max(1e-3, largestOf(tensor))),
    ),
  );
}

/** Which weights train: all of them, those of every other layer, the lowest layer's. */
const choices: Readonly<Record<string, (keys: readonly WeightKey[]) => Trains>> = {
  'all layers': () => () => true,
  'every other layer': (keys) => (key) => layersIn(keys).indexOf(layerOf(key)) % 4 === 0,
  'the lowest layer': (keys) => (key) => layerOf(key) === layersIn(keys)[0],
  'biases alone': () => (key) => key.endsWith('bias'),
};
const layerOf = (key: WeightKey) => key.slice(0, key.lastIndexOf('/'));
const layersIn = (keys: readonly WeightKey[]) => [...new Set(keys.map(layerOf))];

const flat = ({ outputs, ...rest }: ChainedNetwork): ChainedNetwork => ({
  ...rest,
  outputs(input) {
    const output = outputs(input);
    return output.rank === 2 ? output : (tfl.layers.flatten().apply(output) as tfl.SymbolicTensor);
  },
});

describe.each([cpu(), wasm()])('the gradients of a step on $name are those of the layers', (backend) => {
  const cases = Object.entries(chainedNetworks).flatMap(([name, network]) =>
    Object.entries(choices).map(([choice, trains]) => [name, choice, network, trains] as const),
  );
  test.each(cases)('%s: %s', async (_, _choice, network, trains) => {
    await useBackend(backend);
    const base = builtNetwork(flat(network));
    const keys = base.weights.map(({ originalName }) => originalName);
    // Far enough from zero that relu6 ends some of it at 6.
    const x = tf.tidy(() => tf.mul(examplesFor(network, 4), 8));
    const before = tf.memory().numTensors;
    const phase = phaseOf(base, x, trains(keys));
    const [fused, plain] = [gradientsOf(phase), plainGradientsOf(phase)];
    expect(Object.values(plain).some((tensor) => largestOf(tensor) > 1e-3)).toBe(true);
    expect(farthest(fused, plain)).toBeLessThan(1e-5);
    tf.dispose([fused, plain]);
    phase.free();
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    base.dispose();
  });
});

/** So many convolutions, normalised, activated, one after the other. */
function deep(depth: number, activation: 'relu6' | 'linear'): tfl.LayersModel {
  const L = tfl.layers;
  const input = tfl.input({ shape: [32, 32, 16] });
  let value = input;
  for (let i = 0; i < depth; i++) {
    for (const layer of [
      L.conv2d({ name: `conv${i}`, filters: 16, kernelSize: 3, padding: 'same', useBias: false }),
      L.batchNormalization({ name: `norm${i}` }),
      L.activation({ name: `active${i}`, activation }),
    ]) {
      value = layer.apply(value) as tfl.SymbolicTensor;
    }
  }
  const pooled = L.globalAveragePooling2d({ name: 'pool' }).apply(value) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: input, outputs: pooled });
  scatterWeights(model);
  return model;
}

/** How often a step runs each kernel, and the most bytes that it holds on the heap beside what was there. */
async function profiled(phase: PhaseOf) {
  const bytes = peakOf(() => tf.dispose(oneStep(phase) as never));
  const { kernels } = await tf.profile(() => tf.dispose(oneStep(phase) as never));
  const counts: Record<string, number> = {};
  for (const { name } of kernels) counts[name] = (counts[name] ?? 0) + 1;
  return { counts, bytes };
}

/** tf.memory() counts tensors that share their numbers twice, so the allocator is asked. */
function peakOf(run: () => void): number {
  const { wasm } = tf.backend() as unknown as {
    readonly wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  const { _malloc, _free } = wasm;
  const held = new Map<number, number>();
  const total = () => [...held.values()].reduce((sum, size) => sum + size, 0);
  let peak = 0;
  wasm._malloc = (bytes) => {
    const address = _malloc(bytes);
    held.set(address >>> 0, bytes);
    peak = Math.max(peak, total());
    return address;
  };
  wasm._free = (address) => {
    held.delete(address >>> 0);
    _free(address);
  };
  run();
  Object.assign(wasm, { _malloc, _free });
  return peak;
}

describe('a step of ten convolutions on wasm', () => {
  const depth = 10;
  const measure = async (trains: Trains, activation: 'relu6' | 'linear' = 'relu6') => {
    await useBackend(wasm());
    const base = deep(depth, activation);
    const x = tf.randomNormal([8, 32, 32, 16], 0, 1, 'float32', 1);
    const phase = phaseOf(base, x, trains);
    const result = await profiled(phase);
    phase.free();
    x.dispose();
    base.dispose();
    return { ...result, pictures: result.bytes / (8 * 32 * 32 * 16 * 4) };
  };
  const kernelsIn = (counts: Record<string, number>) =>
    ['FusedConv2D', 'Conv2DBackprop', 'Conv2DBackpropFilter', 'Relu6Grad', 'Conv2DBackpropInput', 'Conv2D'].map(
      (name) => counts[name] ?? 0,
    );

  test('all train: one kernel forward, one back, no input gradient of the lowest, one activation above all', async () => {
    const { counts, pictures } = await measure(() => true);
    expect(kernelsIn(counts)).toEqual([depth, depth - 1, 1, 1, 0, 0]);
    // The output of each is kept, until the gradient of the one above it was computed.
    expect(pictures).toBeLessThan(depth + 6);
  });

  test('the lowest trains: no gradient of a frozen filter, and no input is kept for one', async () => {
    const { counts } = await measure((key) => key.startsWith('conv0/'));
    expect(kernelsIn(counts)).toEqual([depth, depth - 1, 1, 1, 0, 0]);
    const { pictures } = await measure((key) => key.startsWith('conv0/'), 'linear');
    expect(pictures).toBeLessThan(5);
  });

  test('the highest trains: nothing below it runs', async () => {
    const { counts } = await measure((key) => key.startsWith(`conv${depth - 1}/`));
    expect(kernelsIn(counts)).toEqual([1, 0, 1, 1, 0, 0]);
  });
});
