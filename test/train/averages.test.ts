import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier, mlp, regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  averagedWeights,
  type BatchNormPolicy,
  batchNorm,
  type Callback,
  dispose,
  evaluate,
  fineTune,
  lastWeights,
  linearProbe,
  sequence,
  sgd,
  swaWeights,
  type TransferError,
  type TransferModel,
  train,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { leavingNothing, matching, random, rows, weightsOf } from '../traps/support.ts';

beforeAll(() => useBackend(cpu()));

/**
 * One example, 0 with the target 1, so that the head's bias b alone moves, by half of the way with each step:
 * b = 0.5, 0.75, 0.875 after epochs 1, 2, 3, each of one step.
 */
const one = () => examplesOf([tf.zeros([1, 1])], [[1]]);
const identity = () =>
  asBase(tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })] }), {
    cut: false,
  });
const halving = (...callbacks: readonly Callback[]) =>
  linearProbe({ epochs: 3, learningRate: 0.25, optimizer: sgd(), callbacks });
const biasOf = (model: TransferModel) => Object.values(matching(weightsOf(model), /head.*bias/))[0]?.[0];

describe('averages of weights, by hand', () => {
  test.each([
    [
      'an exponential one: 0.5, then half of it and half of 0.75, then the same with 0.875',
      averagedWeights({ decay: 0.5 }),
      [0.5, 0.625, 0.75],
    ],
    ['a decay of 0 is the weights themselves', averagedWeights({ decay: 0 }), [0.5, 0.75, 0.875]],
    ['the mean of the ends of epochs from the second on', swaWeights({ from: 2 }), [0.5, 0.75, 0.8125]],
    ['the mean of all', swaWeights({ from: 1 }), [0.5, 0.625, 2.125 / 3]],
    ['none', lastWeights(), [0.5, 0.75, 0.875]],
  ])('%s', async (_, callback, expected) => {
    const base = identity();
    await leavingNothing(async () => {
      const model = attachHead(regressor(['y']))(base);
      for (const validation of [one(), undefined]) {
        const data = { train: one(), ...(validation && { validation }) };
        const strategy = halving(callback, ...(validation ? [lastWeights()] : []));
        const { model: tuned, history } = await fineTune(model, data, strategy);
        expect(biasOf(tuned)).toBeCloseTo(expected[2] as number, 6);
        const epochs = history.phases[0]?.epochs.filter(({ epoch }) => epoch > 0) ?? [];
        // Training goes on with its own weights; validation sees the average.
        expect(epochs.map(({ loss }) => loss)).toEqual([1, 0.25, 0.0625].map((loss) => expect.closeTo(loss, 6)));
        if (validation) {
          const losses = expected.map((bias) => expect.closeTo((1 - bias) ** 2, 6));
          expect(epochs.map((epoch) => epoch.validation?.loss)).toEqual(losses);
          expect((await evaluate(tuned, validation)).loss).toBe(epochs[2]?.validation?.loss);
        }
        dispose(tuned);
      }
      dispose(model);
    });
    dispose(base);
  });

  test('the next phase goes on from the average', async () => {
    const base = identity();
    const model = attachHead(regressor(['y']))(base);
    const second = train({ epochs: 1, learningRate: 0.25, optimizer: sgd() });
    const { model: tuned } = await fineTune(
      model,
      { train: one() },
      sequence(halving(averagedWeights({ decay: 0.5 })), second),
    );
    expect(biasOf(tuned)).toBeCloseTo(0.875, 6);
    for (const handle of [tuned, model, base]) dispose(handle);
  });
});

describe('BatchNormalization under swaWeights', () => {
  const inputs = [1, 2, 3, 6, 8];
  const seen = () =>
    examplesOf(
      [tf.tensor2d(inputs, [5, 1])],
      inputs.map((x) => [x]),
    );
  const normalized = () =>
    asBase(tfl.sequential({ layers: [tfl.layers.batchNormalization({ inputShape: [1], name: 'norm' })] }), {
      cut: false,
    });
  const statistics = async (policy: BatchNormPolicy, callback: Callback) => {
    const base = normalized();
    const model = attachHead(regressor(['y']))(base);
    const phase = train({ epochs: 2, batchSize: 5, learningRate: 0.01, optimizer: sgd(), callbacks: [callback] });
    const { model: tuned } = await fineTune(model, { train: seen() }, sequence(unfreeze(), batchNorm(policy), phase));
    const found = ['mean', 'variance'].map((name) => weightsOf(tuned)[`norm/moving_${name}`]?.[0]);
    for (const handle of [tuned, model, base]) dispose(handle);
    return found;
  };

  test('is computed anew over the training split where it trains, and stays where it is frozen', async () => {
    const close = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 5));
    expect(await statistics('train', swaWeights({ from: 1 }))).toEqual(close([4, 6.8]));
    expect(await statistics('statistics', swaWeights({ from: 1 }))).toEqual(close([4, 6.8]));
    expect(await statistics('frozen', swaWeights({ from: 1 }))).toEqual([0, 1]);
    // Training itself moves them by a hundredth of the way with each step.
    const moved = (from: number, to: number) => to + (from - to) * 0.99 ** 2;
    expect(await statistics('train', averagedWeights())).toEqual(close([moved(0, 4), moved(1, 6.8)]));
  });
});

describe('a run with averages', () => {
  const pictures = () =>
    examplesOf(
      [random(1, 12, 16, 16, 3)],
      Array.from({ length: 12 }, (_, i) => i % 2),
    );
  const strategy = (callback: Callback, epochs = 3) =>
    sequence(
      unfreeze(),
      batchNorm('train'),
      train({ epochs, batchSize: 5, learningRate: 1e-2, callbacks: [callback] }),
    );

  test.each([averagedWeights({ decay: 0.5 }), swaWeights({ from: 2 })])(
    '$name: the same seed gives the same bits, and nothing is left behind',
    async (callback) => {
      const base = tinyCnn({ size: 16 });
      const data = { train: pictures(), validation: pictures() };
      await leavingNothing(async () => {
        const model = attachHead(mlp(classifier(['a', 'b']), { hidden: [4] }))(base);
        const runs = [await fineTune(model, data, strategy(callback)), await fineTune(model, data, strategy(callback))];
        const [first, second] = runs;
        expect(weightsOf(first?.model as TransferModel)).toEqual(weightsOf(second?.model as TransferModel));
        expect(first?.history).toEqual(second?.history);
        for (const run of runs) dispose(run.model);
        dispose(model);
      });
      dispose(base);
    },
  );

  test('that is aborted ends with the average so far', async () => {
    const base = identity();
    await leavingNothing(async () => {
      const model = attachHead(regressor(['y']))(base);
      const stop = new AbortController();
      const { model: tuned, ended } = await fineTune(
        model,
        { train: one() },
        halving(averagedWeights({ decay: 0.5 })),
        {
          signal: stop.signal,
          onEvent: (event) => event.kind === 'epoch' && event.epoch === 2 && stop.abort(),
        },
      );
      expect(ended).toBe('aborted');
      expect(biasOf(tuned)).toBeCloseTo(0.625, 6);
      dispose(tuned);
      dispose(model);
    });
    dispose(base);
  });

  test('that fails leaves the average of what was whole, and nothing else', async () => {
    const base = identity();
    await leavingNothing(async () => {
      const model = attachHead(regressor(['y']))(base);
      const wild = linearProbe({ epochs: 200, learningRate: 1e4, optimizer: sgd(), callbacks: [averagedWeights()] });
      const error: TransferError = await fineTune(model, { train: rows(1, 4, 1) }, wild).catch((reason) => reason);
      expect(error.code).toBe('NOT_FINITE');
      expect(Number.isFinite(biasOf(error.model as TransferModel))).toBe(true);
      dispose(error.model as TransferModel);
      dispose(model);
    });
    dispose(base);
  });
});

describe('what cannot be averaged is refused before anything runs', () => {
  test.each([
    [() => averagedWeights({ decay: 1 }), /decay: 1.*from 0 to below 1/],
    [() => averagedWeights({ decay: Number.NaN }), /decay: NaN/],
    [() => swaWeights({ from: 0 }), /from: 0.*from 1/],
    [() => swaWeights({ from: 1.5 }), /from: 1.5/],
    [() => swaWeights({} as never), /from: undefined/],
  ])('%s', (call, message) => expect(call).toThrow(message));

  test.each([
    [[swaWeights({ from: 4 })], /swaWeights begins with epoch 4 of a phase that has 3/],
    [[swaWeights({ from: 1 }), averagedWeights()], /swaWeights and averagedWeights both/],
  ])('%j', async (callbacks, message) => {
    const base = identity();
    const model = attachHead(regressor(['y']))(base);
    await expect(fineTune(model, { train: one() }, halving(...callbacks))).rejects.toThrow(message);
    dispose(model);
    dispose(base);
  });
});
