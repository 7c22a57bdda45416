import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { BatchNormPolicy } from '../../src/core/handle.ts';
import type { Optimizer, Tensors } from '../../src/core/optimizer.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { infer } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { split } from '../../src/model/split.ts';
import { trainedBy } from '../../src/model/trained.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { adam, adamw, rmsprop, sgd } from '../../src/train/optimizers.ts';
import { trainStep } from '../../src/train/step.ts';
import index from '../goldens/trajectories/index.json' with { type: 'json' };
import { kerasName, trajectory, trajectoryModel } from '../support/trajectory-base.ts';

/** A training run of Keras. */
export interface Trajectory {
  readonly case: string;
  readonly optimizer: string;
  readonly unfrozenFrom: string;
  readonly batchNorm: BatchNormPolicy;
}

/** The nineteen runs. */
export const trajectories = index.cases as readonly Trajectory[];

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

/** Runs a trajectory on the current backend: the largest difference to Keras in a loss, and in a weight. */
export async function trajectoryDifferences({ case: name, optimizer: kind, unfrozenFrom, batchNorm }: Trajectory) {
  const start = await trajectory('start');
  const golden = await trajectory(name);
  const source = trajectoryModel(start);
  const base = asBase(source);
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
  const keys = model.layers.flatMap((layer) => layer.weights).map(({ key }) => key);
  const ends = tf.tidy(() => {
    let values: Tensors = { 'head_logits/kernel': whole('head/kernel'), 'head_logits/bias': whole('head/bias') };
    let state = optimizer.init(
      Object.fromEntries(trained.keys.map((key) => [key, tensorOf(network.variables, values, key)])),
    );
    const [xs, ys] = [tf.unstack(whole('x')), tf.unstack(whole('y'))];
    const losses = xs.map((x, step) => {
      const given = new Map([[network.graph.inputs[0] as number, { tensor: x, mask: null }]]);
      const cut = infer(divided.prefix, given, divided.cut);
      const result = trainStep(
        { network, split: divided, trained, loss: model.head.loss, optimizer, factors: {}, penalties: [] },
        values,
        state,
        new Map(divided.cut.map((id, i) => [id, cut[i] as (typeof cut)[number]])),
        ys[step] as tf.Tensor,
        { learningRate: rate, momentum: undefined },
        [0, step],
      );
      values = { ...values, ...result.values };
      state = result.state;
      return result.loss;
    });
    return [tf.stack(losses), ...keys.map((key) => tf.clone(tensorOf(network.variables, values, key)))];
  });
  const [losses, ...weights] = await Promise.all(ends.map((tensor) => tensor.data()));
  tf.dispose(ends);
  dispose(model);
  source.dispose();
  return {
    loss: largest(losses as ArrayLike<number>, golden.losses?.data as Float32Array),
    weight: Math.max(...weights.map((values, i) => largest(values, golden[kerasName(keys[i] as string)]?.data ?? []))),
  };
}
