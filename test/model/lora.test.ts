import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { freeze, unfreezeTop } from '../../src/core/edits.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { l2SP } from '../../src/core/penalties.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { fromTensors } from '../../src/data/from-tensors.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { fromScratch } from '../../src/model/from-scratch.ts';
import { interpolate } from '../../src/model/interpolate.ts';
import { type LoraSettings, lora } from '../../src/model/lora.ts';
import { factorsOf, isFactor } from '../../src/model/low-rank.ts';
import { networkBehind } from '../../src/model/network.ts';
import { summary } from '../../src/model/summary.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { explain } from '../../src/train/explain.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { sgd } from '../../src/train/optimizers.ts';
import { predict } from '../../src/train/predict.ts';
import { strategyFromJSON } from '../../src/train/strategy-from-json.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const values = Float32Array.from({ length: 4 * size * size * 3 }, (_, i) => (i * 7919) % 256);
const data = { train: fromArrays({ values, shape: [4, size, size, 3] }, [0, 1, 0, 1]) };
const picture = values.slice(0, size * size * 3);
const fresh = () => pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
const pointwise = { r: 2, alpha: 6, targetModules: ['pointwise'] } as const;
const phase = train({ epochs: 2, learningRate: 0.05 });
const probabilities = async (model: TransferModel) => {
  const input = tf.tensor(picture, [size, size, 3]);
  const scores = await predict(model, input).finally(() => input.dispose());
  return scores.sort((a, b) => (a.label < b.label ? -1 : 1)).map(({ score }) => score);
};
const numbersOf = (model: TransferModel, key: string) => [...(model.lease.values[key] as tf.Tensor).dataSync()];

/** Two convolutions, and what peft makes of them: a convolution to r channels, and one of single pixels from there. */
describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('convolutions on %s', (_name, backend) => {
  test('train updates as two convolutions beside the frozen one do', async () => {
    await useBackend(backend());
    const network = tfl.sequential({
      layers: [
        tfl.layers.conv2d({
          name: 'wide',
          filters: 5,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          activation: 'relu',
          inputShape: [6, 6, 3],
        }),
        tfl.layers.conv2d({ name: 'narrow', filters: 4, kernelSize: 1 }),
      ],
    });
    const base = asBase(network, { cut: false });
    const model = pipe(base, attachHead(classifier(['a', 'b'])));
    const x = tf.randomNormal<tf.Rank.R4>([4, 6, 6, 3], 0, 1, 'float32', 1);
    const examples = await fromTensors(tf.clone(x), [0, 1, 1, 0]);
    const [r, alpha, steps, rate] = [2, 6, 4, 0.5];
    const edit = lora({ r, alpha, targetModules: ['wide', 'narrow'], seed: 3 });
    const before = tf.memory().numTensors;
    const strategy = (epochs: number) =>
      sequence(edit, train({ epochs, learningRate: rate, batchSize: 4, optimizer: sgd() }));
    const { model: tuned, history } = await fineTune(model, { train: examples }, strategy(steps));

    const { variables } = networkBehind(model);
    const frozen = (key: string) => variables.get(key)?.val as tf.Tensor;
    const keys = ['wide', 'narrow'].flatMap((path) => {
      const { A, B } = factorsOf(`${path}/kernel`);
      return [A, B];
    });
    const heads = ['head_logits/kernel', 'head_logits/bias'];
    const drawn = edit(model).layers.flatMap(({ weights }) => weights.filter(({ key }) => keys.includes(key)));
    const { model: start } = await fineTune(
      model,
      { train: examples },
      sequence(edit, train({ epochs: 1, learningRate: 1e-30, optimizer: sgd() })),
    );
    const expected = tf.tidy(() => {
      const targets = tf.oneHot(tf.tensor1d([0, 1, 1, 0], 'int32'), 2);
      const conv = (input: tf.Tensor, path: string, strides: number, get: (key: string) => tf.Tensor) => {
        const { A, B } = factorsOf(`${path}/kernel`);
        const through = (of: tf.Tensor, filter: tf.Tensor, by: number) =>
          tf.conv2d(of as tf.Tensor4D, filter as tf.Tensor4D, by, 'same');
        const b = get(B);
        const update = through(through(input, get(A), strides), tf.reshape(b, [1, 1, ...b.shape]), 1);
        const own = through(input, frozen(`${path}/kernel`), strides);
        return tf.add(tf.add(own, tf.mul(update, alpha / r)), frozen(`${path}/bias`));
      };
      const all = [...keys, ...heads];
      let weights = all.map((key) => tf.clone(start.lease.values[key] as tf.Tensor));
      const losses: number[] = [];
      const lossAt = (...current: tf.Tensor[]) => {
        const get = (key: string) => current[all.indexOf(key)] as tf.Tensor;
        const pooled = tf.mean(conv(tf.relu(conv(x, 'wide', 2, get)), 'narrow', 1, get), [1, 2]);
        const logits = tf.add(
          tf.matMul(pooled as tf.Tensor2D, get(heads[0] as string) as tf.Tensor2D),
          get(heads[1] as string),
        );
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(targets, 'float32')), -1))) as tf.Scalar;
      };
      for (let step = 0; step < steps; step++) {
        const { value, grads } = tf.valueAndGrads(lossAt)(weights);
        losses.push(value.dataSync()[0] as number);
        weights = weights.map((weight, i) => tf.sub(weight, tf.mul(grads[i] as tf.Tensor, rate)));
      }
      return {
        losses,
        weights: Object.fromEntries(all.map((key, i) => [key, [...(weights[i] as tf.Tensor).dataSync()]])),
      };
    });
    const losses = history.phases.flatMap(({ epochs }) => epochs.map(({ loss }) => loss));
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(expected.losses[i] as number, 5);
    for (const [key, numbers] of Object.entries(expected.weights)) {
      const own = numbersOf(tuned, key);
      expect(Math.max(...own.map((number, i) => Math.abs(number - (numbers[i] as number))))).toBeLessThan(1e-5);
    }
    // A moved, so that its gradient was tried, too.
    expect(numbersOf(tuned, keys[0] as string)).not.toEqual(numbersOf(start, keys[0] as string));
    expect(drawn.map(({ shape }) => shape)).toEqual([
      [3, 3, 3, r],
      [r, 5],
      [1, 1, 5, r],
      [r, 4],
    ]);
    for (const handle of [start, tuned]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    await useBackend(cpu());
  });
});

describe('lora', () => {
  test('changes nothing at first, and trains its factors and the head alone', async () => {
    const model = fresh();
    const before = tf.memory().numTensors;
    const adapted = lora(pointwise)(model);
    expect(await probabilities(adapted)).toEqual(await probabilities(model));
    const [explained] = explain(model, sequence(lora(pointwise), phase));
    expect(explained?.trains.map(({ layer }) => layer)).toEqual([
      'block1_pointwise',
      'block2_pointwise',
      'block3_pointwise',
      'head_logits',
    ]);
    expect(explained?.parameters).toBe(2 * (16 + 32 + 32 + 64 + 64 + 128) + 2 * 128 + 2);
    expect(summary(adapted)).toMatch(/block1_pointwise .* part\n/);
    const { model: tuned, history } = await fineTune(model, data, sequence(lora(pointwise), phase));
    const changed = Object.keys(tuned.lease.values);
    expect(changed.filter((key) => !isFactor(key) && !key.startsWith('head'))).toEqual([]);
    expect(Object.keys(history.frozen)).toContain('block1_pointwise/kernel');
    expect(await probabilities(tuned)).not.toEqual(await probabilities(model));
    dispose(tuned);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('draws A from its seed up to 1 / sqrt(inputs), and B is zeros', async () => {
    const model = fresh();
    const still = train({ epochs: 1, learningRate: 1e-30, optimizer: sgd() });
    const drawn = async (seed: number) => {
      const { model: one } = await fineTune(model, data, sequence(lora({ ...pointwise, r: 8, seed }), still));
      const { A, B, scale } = factorsOf('block3_pointwise/kernel');
      const found = [A, B, scale].map((key) => numbersOf(one, key));
      dispose(one);
      return found as [number[], number[], number[]];
    };
    const [[a, b, scale], [again], [other]] = [await drawn(0), await drawn(0), await drawn(1)];
    expect(again).toEqual(a);
    expect(other).not.toEqual(a);
    const limit = 1 / Math.sqrt(64);
    const [lowest, highest] = [Math.min(...a), Math.max(...a)];
    for (const end of [-lowest, highest]) {
      expect(end).toBeLessThanOrEqual(limit);
      expect(end).toBeGreaterThan(0.97 * limit);
    }
    expect(b.every((value) => Math.abs(value) < 1e-20)).toBe(true);
    expect(scale).toEqual([0.75]);
  });

  test('is the same from JSON, and in a pipe', async () => {
    const model = fresh();
    const strategy = sequence(lora({ ...pointwise, rankStabilized: true }), phase);
    const runs = [
      await fineTune(model, data, strategy),
      await fineTune(model, data, strategyFromJSON(JSON.stringify(strategy))),
      await fineTune(pipe(model, lora({ ...pointwise, rankStabilized: true })), data, sequence(phase)),
    ];
    const [first, ...others] = await Promise.all(runs.map((run) => probabilities(run.model)));
    for (const other of others) expect(other).toEqual(first);
    for (const run of runs) dispose(run.model);
  });

  test('goes on after a probe, from a cached prefix, with penalties, and where it was frozen', async () => {
    const model = fresh();
    const before = tf.memory().numTensors;
    const probe = sequence(freeze(), train({ epochs: 1 }));
    const top = { ...pointwise, targetModules: ['block3_pointwise'] };
    const strategy = sequence(probe, lora(top), train({ epochs: 1, learningRate: 0.05, penalties: [l2SP()] }));
    const { model: tuned } = await fineTune(model, data, strategy);
    // Further, frozen: the update is part of what is cached.
    const { model: further, history } = await fineTune(
      tuned,
      data,
      sequence(freeze(), train({ epochs: 1, learningRate: 0.05 })),
    );
    const { A } = factorsOf('block3_pointwise/kernel');
    expect(Object.keys(history.frozen)).toContain(A);
    expect(numbersOf(further, A)).toEqual(numbersOf(tuned, A));
    const whole = await fineTune(tuned, data, sequence(unfreezeTop(1), train({ epochs: 1 })));
    expect(Object.keys(whole.model.lease.values)).toContain('block3_pointwise/kernel');
    for (const handle of [whole.model, further, tuned]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('leaves a whole model where a run is aborted or fails', async () => {
    const model = fresh();
    const before = tf.memory().numTensors;
    const abort = new AbortController();
    const strategy = sequence(
      freeze(),
      train({ epochs: 1 }),
      lora(pointwise),
      train({ epochs: 9, learningRate: 0.05 }),
    );
    const settings = {
      signal: abort.signal,
      onEvent: (event: { kind: string; phase?: number }) => {
        if (event.kind === 'step' && event.phase === 1) abort.abort();
      },
    };
    const { model: stopped, ended } = await fineTune(model, data, strategy, settings);
    expect(ended).toBe('aborted');
    const { model: again } = await fineTune(stopped, data, sequence(lora(pointwise), phase));
    const exploding = sequence(lora(pointwise), train({ epochs: 9, learningRate: 1e30, optimizer: sgd() }));
    const error = await fineTune(model, data, exploding).catch(
      (one: unknown) => one as { code: string; model: TransferModel },
    );
    expect(error).toMatchObject({ code: 'NOT_FINITE' });
    const kept = (error as { model: TransferModel }).model;
    expect(() => lora({ ...pointwise, r: 3 })(kept)).toThrow(/update of another rank or scale/);
    for (const handle of [kept, again, stopped]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('stays with the base, and is mixed within kernels', async () => {
    const model = fresh();
    const before = tf.memory().numTensors;
    const { model: tuned } = await fineTune(model, data, sequence(lora(pointwise), phase));
    const base = asBase(tuned);
    const other = pipe(base, attachHead(classifier(['a', 'b'])));
    const { A } = factorsOf('block1_pointwise/kernel');
    expect(numbersOf(other, A)).toEqual(numbersOf(tuned, A));
    const [none, all] = [interpolate([model, tuned], [1, 0]), interpolate([model, tuned], [0, 1])];
    expect(await probabilities(none)).toEqual(await probabilities(model));
    for (const [i, score] of (await probabilities(all)).entries()) {
      expect(score).toBeCloseTo((await probabilities(tuned))[i] as number, 5);
    }
    const random = fromScratch(tuned);
    expect(Object.keys(random.lease.values).filter(isFactor)).toEqual([]);
    for (const handle of [random, none, all, other, base, tuned]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each<readonly [LoraSettings, string, RegExp]>([
    [{ dropout: 0.1 } as LoraSettings, 'UNSUPPORTED', /dropout: 0.1/],
    [{ r: 0 }, 'INVALID_ARGUMENT', /r: 0; pass a whole number from 1/],
    [{ alpha: -1 }, 'INVALID_ARGUMENT', /alpha: -1/],
    [{ targetModules: [] }, 'INVALID_ARGUMENT', /targetModules: \[\]; pass 'all-linear'/],
    [{}, 'NOT_FOUND', /no layer of the base is dense. These can have an update: stem_conv, block1_pointwise/],
    [{ targetModules: ['pointwise', 'query'] }, 'NOT_FOUND', /called query \(names match by their ends\)/],
    [{ targetModules: ['wise'] }, 'NOT_FOUND', /called wise/],
    [{ targetModules: ['depthwise'] }, 'UNSUPPORTED', /block1_depthwise is a DepthwiseConv2D/],
  ])('refuses %j', (settings, code, message) => {
    expect(() => lora(settings)(fresh())).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
