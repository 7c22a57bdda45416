import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  adam,
  adamw,
  asBase,
  attachHead,
  chain,
  clipByGlobalNorm,
  dispose,
  fineTune,
  freeze,
  linear,
  linearProbe,
  type Optimizer,
  pipe,
  sequence,
  sgd,
  type TrainEvent,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { leavingNothing, matching, random, rows, weightsOf } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

const glorot = (seed: number) => tfl.initializers.glorotUniform({ seed });
const twoLayers = () =>
  tfl.sequential({
    layers: [
      L.dense({ units: 3, inputShape: [3], name: 'first', kernelInitializer: glorot(1) }),
      L.dense({ units: 3, name: 'second', kernelInitializer: glorot(2) }),
    ],
  });

/** Adam for one number, as Keras has it. */
function adamByHand(rate: number) {
  let [mean, square, count] = [0, 0, 0];
  return (weight: number, gradient: number) => {
    count++;
    mean = 0.9 * mean + 0.1 * gradient;
    square = 0.999 * square + 0.001 * gradient ** 2;
    const corrected = (rate * Math.sqrt(1 - 0.999 ** count)) / (1 - 0.9 ** count);
    return weight - (corrected * mean) / (Math.sqrt(square) + 1e-7);
  };
}

describe('T4 Adam remembers by weight, not by position', () => {
  const gradients = { a: 4, b: -1 };

  test('tfjs: one weight gets the moments of another, or it throws', () => {
    const optimizer = tf.train.adam(0.1);
    const [a, b, wide] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0)), tf.variable(tf.zeros([5]))];
    const named = (variable: tf.Variable, gradient: number) => ({
      name: variable.name,
      tensor: tf.fill(variable.shape, gradient),
    });
    optimizer.applyGradients([named(a, gradients.a), named(b, gradients.b)]);
    const start = b.dataSync()[0] as number;
    // As after freezing a: b is alone now, and at the position that a had.
    optimizer.applyGradients([named(b, gradients.b)]);
    const right = adamByHand(0.1);
    right(0, gradients.b);
    expect(b.dataSync()[0]).not.toBeCloseTo(right(start, gradients.b), 3);
    // b's gradient is negative, so that a step has to raise it; with a's moments it falls.
    expect(b.dataSync()[0]).toBeLessThan(start);
    expect(() => optimizer.applyGradients([named(wide, 1)])).toThrow(/shape/);
  });

  test('here: the head goes on where the probe ended, and a new layer begins', async () => {
    const base = asBase(twoLayers(), { cut: false });
    const rate = 0.1;
    const data = { train: rows(5, 6, 3) };
    const inputs = random(5, 6, 3);
    const targets = tf.tensor2d(data.train.targets as number[][]);
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])));
      const start = weightsOf(model);
      const one = { epochs: 1, learningRate: rate, optimizer: adam() };
      const { model: tuned } = await fineTune(model, data, sequence(linearProbe(one), unfreezeTop(1), train(one)));
      const after = weightsOf(tuned);
      for (const handle of [tuned, model]) dispose(handle);

      const names = ['second/kernel', 'second/bias', 'head_logits/kernel', 'head_logits/bias'];
      const shapes = [[3, 3], [3], [3, 1], [1]];
      const slopes = (values: number[][]) =>
        tf.tidy(() => {
          const hidden = tf.add(
            tf.matMul(inputs, tf.tensor(start['first/kernel'] as Float32Array, [3, 3])),
            start['first/bias'] as Float32Array,
          );
          const loss = (kernel: tf.Tensor, bias: tf.Tensor, headKernel: tf.Tensor, headBias: tf.Tensor) =>
            tf.mean(
              tf.square(
                tf.sub(tf.add(tf.matMul(tf.add(tf.matMul(hidden, kernel), bias), headKernel), headBias), targets),
              ),
            );
          const weights = values.map((value, index) => tf.tensor(value, shapes[index]));
          return tf
            .grads(loss as never)(weights)
            .map((gradient) => [...gradient.dataSync()]);
        });
      let values = names.map((name) => [...(start[name] as Float32Array)]);
      const rules = values.map((weights) => weights.map(() => adamByHand(rate)));
      const step = (moves: (index: number) => boolean) => {
        const gradient = slopes(values);
        values = values.map((weights, index) =>
          moves(index)
            ? weights.map((weight, i) => rules[index]?.[i]?.(weight, gradient[index]?.[i] as number) as number)
            : weights,
        );
      };
      step((index) => names[index]?.startsWith('head') ?? false);
      step(() => true);
      for (const [index, name] of names.entries()) {
        for (const [i, value] of (values[index] as number[]).entries())
          expect(after[name]?.[i], name).toBeCloseTo(value, 5);
      }
      expect(after['first/kernel']).toEqual(start['first/kernel']);
    });
    tf.dispose([inputs, targets]);
    dispose(base);
  });

  test('here: what rests in between goes on where it ended, in a chain too', async () => {
    const base = asBase(twoLayers(), { cut: false });
    const data = { train: rows(5, 6, 3) };
    const tunedBy = async (optimizer: Optimizer) => {
      const model = pipe(base, attachHead(regressor(['y'])));
      const one = train({ epochs: 2, optimizer });
      const strategy = sequence(unfreezeTop(1), one, freeze(), one, unfreezeTop(1), one);
      const { model: tuned } = await fineTune(model, data, strategy);
      const weights = weightsOf(tuned);
      for (const handle of [tuned, model]) dispose(handle);
      return weights;
    };
    await leavingNothing(async () => {
      const far = clipByGlobalNorm(1e6);
      const plain = await tunedBy(adam());
      expect(await tunedBy(chain(far, adam()))).toEqual(plain);
      expect(await tunedBy(chain(far, chain(far, adam())))).toEqual(plain);
    });
    dispose(base);
  });
});

describe('T5 what is unfrozen trains', () => {
  test('tfjs: not after compile', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const model = twoLayers();
    const [first] = model.layers as [tfl.layers.Layer, tfl.layers.Layer];
    first.trainable = false;
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    first.trainable = true;
    const before = [...(first.getWeights()[0] as tf.Tensor).dataSync()];
    await model.fit(random(1, 4, 3), random(2, 4, 3), { epochs: 2, verbose: 0 });
    expect([...(first.getWeights()[0] as tf.Tensor).dataSync()]).toEqual(before);
    expect(warned).toHaveBeenCalledWith(expect.stringMatching(/trainable/));
    warned.mockRestore();
  });

  test('here: in the phase after unfreezeTop, and not before', async () => {
    const base = asBase(twoLayers(), { cut: false });
    const data = { train: rows(5, 6, 3) };
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])));
      const one = train({ epochs: 2, learningRate: 0.1 });
      const opened = async (...tops: number[]) => {
        const { model: tuned } = await fineTune(
          model,
          data,
          sequence(one, ...tops.flatMap((top) => [unfreezeTop(top), one]), one),
        );
        const after = weightsOf(tuned);
        dispose(tuned);
        return Object.entries(weightsOf(model))
          .filter(([key, before]) => String(before) !== String(after[key]))
          .map(([key]) => key);
      };
      const head = ['head_logits/kernel', 'head_logits/bias'];
      const second = ['second/kernel', 'second/bias'];
      expect(await opened()).toEqual(head);
      expect(await opened(1)).toEqual([...second, ...head]);
      expect(await opened(1, 2)).toEqual(['first/kernel', 'first/bias', ...second, ...head]);
      expect(await opened(0)).toEqual(head);
      dispose(model);
    });
    dispose(base);
  });
});

describe('T8 a second run leaves nothing of the first', () => {
  test('tfjs: compiling again leaks the optimizer', async () => {
    const model = twoLayers();
    const [inputs, targets] = [random(1, 4, 3), random(2, 4, 3)];
    const trainByTfjs = async () => {
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      await model.fit(inputs, targets, { epochs: 1, verbose: 0 });
      return tf.memory().numTensors;
    };
    const [once, twice, thrice] = [await trainByTfjs(), await trainByTfjs(), await trainByTfjs()];
    // Two moments for each of four weights, at the least.
    expect(twice - once).toBeGreaterThanOrEqual(8);
    expect(thrice - twice).toBe(twice - once);
  });

  test('here: a run leaves its model and nothing else', async () => {
    const base = asBase(twoLayers(), { cut: false });
    const data = { train: rows(5, 6, 3), validation: rows(6, 6, 3) };
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])));
      const before = tf.memory().numTensors;
      const strategy = sequence(linearProbe({ epochs: 2 }), unfreezeTop(2), train({ epochs: 2, optimizer: adam() }));
      const counts: number[] = [];
      for (let run = 0; run < 3; run++) {
        const { model: tuned } = await fineTune(model, data, strategy);
        counts.push(tf.memory().numTensors - before);
        dispose(tuned);
      }
      // Head and both layers, each a kernel and a bias.
      expect(counts).toEqual([6, 6, 6]);
      dispose(model);
    });
    dispose(base);
  });
});

describe('T13 AdamW and rates that move', () => {
  test('tfjs: has neither, nor a Cholesky decomposition', () => {
    expect(tf.train).not.toHaveProperty('adamw');
    expect(tf.train.sgd(0.1)).toHaveProperty('setLearningRate');
    expect(tf.train.adam(0.1)).not.toHaveProperty('setLearningRate');
    expect(tf.linalg).not.toHaveProperty('cholesky');
  });

  test('here: decay is decoupled, and a schedule drives the rate of any optimizer', async () => {
    const [step, weight] = [0.1, 2];
    tf.tidy(() => {
      const parameters = { w: tf.scalar(weight) };
      const [gradients, optimizer] = [{ w: tf.scalar(3) }, adamw({ weightDecay: 0.05 })];
      const { updates } = optimizer.update(gradients, optimizer.init(parameters), parameters, step);
      const expected = adamByHand(step)(weight, 3) - weight - step * 0.05 * weight;
      expect(updates.w?.dataSync()[0]).toBeCloseTo(expected, 6);
    });
    const base = asBase(twoLayers(), { cut: false });
    const data = { train: rows(5, 6, 3) };
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])));
      for (const optimizer of [adamw(), sgd()]) {
        const rates: number[] = [];
        const onEvent = (event: TrainEvent) => void (event.kind === 'step' && rates.push(event.learningRate));
        const settings = { epochs: 4, learningRate: step, optimizer, schedule: linear() };
        const { model: tuned } = await fineTune(model, data, linearProbe(settings), { onEvent });
        expect(new Set(rates).size).toBe(4);
        expect(rates).toEqual([...rates].sort((a, b) => b - a));
        expect(matching(weightsOf(tuned), /^head/)).not.toEqual(matching(weightsOf(model), /^head/));
        dispose(tuned);
      }
      dispose(model);
    });
    dispose(base);
  });
});
