import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import type { BatchNormPolicy } from '../../src/core/handle.ts';
import type { Optimizer, Tensors } from '../../src/core/optimizer.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { infer } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { split } from '../../src/model/split.ts';
import { trainedBy } from '../../src/model/trained.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { adam, adamw, rmsprop, sgd } from '../../src/train/optimizers.ts';
import { trainStep } from '../../src/train/step.ts';
import { kerasName, trajectory, trajectoryModel } from '../support/trajectory-base.ts';

interface Case {
  readonly case: string;
  readonly optimizer: string;
  readonly unfrozenFrom: string;
  readonly batchNorm: BatchNormPolicy;
}
const index = JSON.parse(readFileSync(new URL('../goldens/trajectories/index.json', import.meta.url), 'utf8'));
const optimizers: Record<string, readonly [number, Optimizer]> = {
  sgd: [0.05, sgd()],
  momentum: [0.05, sgd({ momentum: 0.9 })],
  nesterov: [0.05, sgd({ momentum: 0.9, nesterov: true })],
  adam: [0.01, adam()],
  adamw: [0.01, adamw({ weightDecay: 0.05 })],
  rmsprop: [0.01, rmsprop()],
};

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] as number))), 0);
};

/** Runs a case and returns the largest difference to Keras in a loss, and in a weight. */
function differences({ case: name, optimizer: kind, unfrozenFrom, batchNorm }: Case) {
  const start = trajectory('start');
  const golden = trajectory(name);
  const base = asBase(trajectoryModel());
  const plain = attachHead(classifier(['a', 'b', 'c']))(base);
  const from = plain.layers.findIndex(({ path }) => unfrozenFrom === 'all' || path.startsWith(unfrozenFrom));
  const trains = new Set(plain.layers.slice(from).flatMap(({ weights }) => weights.map(({ key }) => key)));
  const model = { ...plain, settings: { trains, rates: new Map<string, number>(), batchNorm } };
  const network = networkBehind(model);
  const trained = trainedBy(model.layers, model.settings);
  const divided = split(network.graph, trained.layers);
  const [rate, optimizer] = optimizers[kind] as readonly [number, Optimizer];
  const get = (key: string) => start[key] as NonNullable<(typeof start)[string]>;
  const whole = (key: string) =>
    tf.tensor(get(key).data, get(key).shape, get(key).dtype === 'I32' ? 'int32' : 'float32');
  return tf.tidy(() => {
    let values: Tensors = { 'head_logits/kernel': whole('head/kernel'), 'head_logits/bias': whole('head/bias') };
    let state = optimizer.init(
      Object.fromEntries(trained.keys.map((key) => [key, tensorOf(network.variables, values, key)])),
    );
    const [xs, ys] = [tf.unstack(whole('x')), tf.unstack(whole('y'))];
    const losses = xs.map((x, step) => {
      const given = new Map([[network.graph.inputs[0] as number, { tensor: x, mask: null }]]);
      const cut = infer(divided.prefix, given, divided.cut);
      const result = trainStep(
        { network, split: divided, trained, loss: model.head.loss, optimizer, factors: {} },
        values,
        state,
        new Map(divided.cut.map((id, i) => [id, cut[i] as (typeof cut)[number]])),
        ys[step] as tf.Tensor,
        rate,
        [0, step],
      );
      values = { ...values, ...result.values };
      state = result.state;
      return result.loss.dataSync()[0] as number;
    });
    const weights = model.layers
      .flatMap((layer) => layer.weights)
      .map(({ key }) =>
        largest(tensorOf(network.variables, values, key).dataSync(), golden[kerasName(key)]?.data as Float32Array),
      );
    return { loss: largest(losses, golden.losses?.data as Float32Array), weight: Math.max(...weights) };
  });
}

describe.each([cpu(), wasm()])('trajectories of Keras on $name', (backend) => {
  const seen = { loss: 0, weight: 0 };
  beforeAll(() => useBackend(backend));
  afterAll(() =>
    console.log(
      `${backend.name}: largest difference ${seen.loss.toExponential(1)} in a loss, ${seen.weight.toExponential(1)} in a weight`,
    ),
  );

  test('are nineteen', () => expect(index.cases).toHaveLength(19));

  test.each(index.cases as Case[])('$case', (one) => {
    const { loss, weight } = differences(one);
    seen.loss = Math.max(seen.loss, loss);
    seen.weight = Math.max(seen.weight, weight);
    expect(loss).toBeLessThan(1e-4);
    expect(weight).toBeLessThan(1e-4);
  });
});
