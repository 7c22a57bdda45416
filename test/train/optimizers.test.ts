import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { Optimizer, OptimizerState, Tensors } from '../../src/core/optimizer.ts';
import { oneCycle } from '../../src/core/schedules.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { chain, clipByGlobalNorm } from '../../src/train/chain.ts';
import { globalNorm } from '../../src/train/global-norm.ts';
import { adam, adamw, sgd } from '../../src/train/optimizers.ts';

beforeAll(() => useBackend(cpu()));

const gradients: Tensors = {};
beforeAll(() => {
  Object.assign(gradients, { a: tf.tensor1d([3, 0]), b: tf.tensor1d([4]) });
});
const numbers = (tensors: Tensors) => Object.values(tensors).flatMap((tensor) => [...tensor.dataSync()]);

test('the global norm is over all tensors', () => {
  expect(globalNorm(gradients).dataSync()[0]).toBeCloseTo(5);
});

test('clipping scales all gradients by min(1, bound / (norm + 1e-6))', () => {
  const clip = (bound: number) => numbers(clipByGlobalNorm(bound).update(gradients, {}, gradients, 1).updates);
  const factor = 2 / (5 + 1e-6);
  expect(clip(2).map((value) => Math.fround(value))).toEqual(
    [3 * factor, 0, 4 * factor].map((value) => expect.closeTo(value, 6)),
  );
  expect(clip(10)).toEqual([3, 0, 4]);
});

test('a chain passes updates on and keeps the state of each part apart', () => {
  const both = chain(clipByGlobalNorm(2), sgd({ momentum: 0.5 }));
  let state: OptimizerState = both.init(gradients);
  const first = both.update(gradients, state, gradients, 0.1);
  state = first.state;
  const second = both.update(gradients, state, gradients, 0.1);
  const factor = 2 / (5 + 1e-6);
  expect(numbers(first.updates)).toEqual([-0.3 * factor, 0, -0.4 * factor].map((value) => expect.closeTo(value, 6)));
  expect(numbers(second.updates)).toEqual([-0.45 * factor, 0, -0.6 * factor].map((value) => expect.closeTo(value, 6)));
  expect(Object.keys(state.a as object)).toEqual(['1.velocity']);
});

test('Adam adds epsilon where its convention says, and counts each weight by itself', () => {
  const step = (convention: 'keras' | 'pytorch', count: number) => {
    const optimizer = adam({ epsilon: 0.1, convention });
    const one = { w: tf.tensor1d([0.5]) };
    let state = optimizer.init(one);
    let last: Tensors = {};
    for (let i = 0; i < count; i++) ({ updates: last, state } = optimizer.update(one, state, one, 1));
    return [numbers(last)[0], (state.w as { count: number }).count];
  };
  const expected = (outside: boolean, t: number) => {
    let [m, v] = [0, 0];
    for (let i = 0; i < t; i++) [m, v] = [0.9 * m + 0.05, 0.999 * v + 0.001 * 0.25];
    const [one, two] = [1 - 0.9 ** t, 1 - 0.999 ** t];
    return outside ? (-Math.sqrt(two) / one) * (m / (Math.sqrt(v) + 0.1)) : -(m / one) / (Math.sqrt(v / two) + 0.1);
  };
  for (const count of [1, 3]) {
    expect(step('keras', count)).toEqual([expect.closeTo(expected(true, count), 5), count]);
    expect(step('pytorch', count)).toEqual([expect.closeTo(expected(false, count), 5), count]);
  }
});

test('Adam under a cycle of rate and momentum goes where PyTorch goes', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../goldens/text/one-cycle-momentum.golden.json', import.meta.url), 'utf8'),
  ) as { start: number[]; momentums: number[]; weights: number[][] };
  const schedule = oneCycle({ momentums: [0.95, 0.85] });
  const optimizer = adam({ beta2: 0.99, epsilon: 1e-5, convention: 'pytorch' });
  const steps = golden.weights.length;
  let weight: tf.Tensor = tf.tensor1d(golden.start);
  let state = optimizer.init({ weight });
  golden.weights.forEach((expected, step) => {
    const momentum = schedule.momentumAt?.(step, steps) as number;
    expect(momentum).toBeCloseTo(golden.momentums[step] as number, 6);
    const gradient = tf.mul(tf.mul(tf.sub(weight, 0.1 * step), 2), [1, 3, 0.2]);
    const made = optimizer.update({ weight: gradient }, state, { weight }, schedule.rateAt(0.1, step, steps), momentum);
    weight = tf.add(weight, made.updates.weight as tf.Tensor);
    state = made.state;
    const worst = Math.max(...[...weight.dataSync()].map((value, i) => Math.abs(value - (expected[i] as number))));
    expect(worst).toBeLessThan(1e-5);
  });
});

test('SGD without momentum of its own takes none from the schedule, with momentum the one of the step', () => {
  const alone = sgd().update(gradients, sgd().init(gradients), gradients, 0.1, 0.9);
  expect(numbers(alone.updates)).toEqual([-0.3, 0, -0.4].map((value) => expect.closeTo(value, 6)));
  const moved = sgd({ momentum: 0.5 });
  const first = moved.update(gradients, moved.init(gradients), gradients, 0.1, 0.9);
  const second = moved.update(gradients, first.state, gradients, 0.1, 0.9);
  expect(numbers(second.updates)).toEqual([-0.57, 0, -0.76].map((value) => expect.closeTo(value, 6)));
});

test('AdamW leaves biases and normalizations alone where only matrices decay', () => {
  const parameters = { kernel: tf.ones([2, 2]), bias: tf.ones([2]), gain: tf.scalar(1) };
  const still = { kernel: tf.zeros([2, 2]), bias: tf.zeros([2]), gain: tf.scalar(0) };
  const moved = (optimizer: Optimizer) => {
    const { updates } = optimizer.update(still, optimizer.init(parameters), parameters, 0.5);
    return Object.entries(updates).map(([key, update]) => [key, Math.round(-1e4 * (update.dataSync()[0] as number))]);
  };
  tf.tidy(() => {
    const all = [
      ['kernel', 500],
      ['bias', 500],
      ['gain', 500],
    ];
    expect(moved(adamw({ weightDecay: 0.1 }))).toEqual(all);
    expect(moved(adamw({ weightDecay: 0.1, decays: 'matrices' }))).toEqual([
      ['kernel', 500],
      ['bias', 0],
      ['gain', 0],
    ]);
  });
  tf.dispose([parameters, still]);
  expect(() => adamw({ decays: 'kernels' as never })).toThrow(
    /adamw received decays: "kernels"\. Pass 'all' or 'matrices'/,
  );
});
