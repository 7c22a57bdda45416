import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetting, interpolationCurve, sweep, transferReport } from '../../src/analyse/index.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  type Base,
  bestWeights,
  dispose,
  earlyStopping,
  fineTune,
  greedySoup,
  linearProbe,
  type Metric,
  type Outcome,
  sequence,
  sgd,
  type TransferModel,
  train,
  unfreeze,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';

/** The root of the mean of the squared differences, whose name says nothing. */
const squares = ({ scores, targets }: Outcome) =>
  scores.reduce((sum, row, i) => sum + ((row[0] as number) - ((targets[i] as number[])[0] as number)) ** 2, 0) /
  scores.length;
const rmse: Metric = {
  kind: 'metric',
  name: 'rmse',
  better: 'lower',
  compute: (outcome) => Math.sqrt(squares(outcome)),
};
/** The other way round: a name that says the opposite. */
const noError: Metric = { ...rmse, name: 'noError', better: 'higher', compute: (outcome) => -squares(outcome) };

/** Numbers from -1 to 1 with the line of a slope as targets. */
const line = (slope: number) => {
  const inputs = Array.from({ length: 9 }, (_, i) => i / 4 - 1);
  return examplesOf(
    [tf.tensor2d(inputs, [9, 1])],
    inputs.map((x) => [slope * x]),
  );
};
let base: Base;
let model: TransferModel;

beforeAll(async () => {
  await useBackend(cpu());
  const dense = tfl.layers.dense({ units: 1, inputShape: [1], name: 'same', kernelInitializer: 'ones' });
  base = asBase(tfl.sequential({ layers: [dense] }), { cut: false });
  model = attachHead(regressor(['y']))(base);
});
afterAll(() => {
  dispose(model);
  dispose(base);
});

// On the way to the training split's slope the model passes the validation split's.
const passed = () => ({ train: line(6), validation: line(4) });
const phase = { epochs: 8, learningRate: 0.4, optimizer: sgd() } as const;

test.each([rmse, noError])('callbacks watch $name as it says', async (metric) => {
  const strategy = linearProbe({ ...phase, metrics: [metric], callbacks: [bestWeights({ monitor: metric.name })] });
  const { model: tuned, history } = await fineTune(model, passed(), strategy);
  const losses = history.phases[0]?.epochs.map(({ validation }) => validation?.loss as number) ?? [];
  const best = losses.indexOf(Math.min(...losses));
  expect(best).toBeGreaterThan(0);
  expect(best).toBeLessThan(8);
  expect(history.phases[0]?.kept).toBe(best);
  dispose(tuned);
  const observe = earlyStopping({ monitor: metric.name, patience: 2 }).start([metric]);
  const epochs = losses.map((loss, epoch) => {
    const value = metric === rmse ? Math.sqrt(loss) : -loss;
    return observe({ epoch, loss, learningRate: 0, validation: { loss, metrics: { [metric.name]: value } } }).stop;
  });
  expect(epochs.indexOf(true)).toBe(best + 2);
});

test('a metric called loss does not turn the loss', () => {
  const observe = bestWeights().start([{ ...rmse, name: 'loss', better: 'higher' }]);
  const at = (loss: number) =>
    observe({ epoch: 0, loss, learningRate: 0, validation: { loss, metrics: { loss } } }).keep;
  expect([at(2), at(3), at(1)]).toEqual([true, false, true]);
});

test('what is chosen by a metric is chosen as it says', async () => {
  const ends: TransferModel[] = [];
  for (const epochs of [1, 2, 4]) {
    const strategy = linearProbe({ ...phase, learningRate: 0.1, epochs });
    ends.push((await fineTune(model, { train: line(6) }, strategy)).model);
  }
  const target = line(6);
  for (const metric of [rmse, noError]) {
    const soup = await greedySoup(ends, target, metric);
    expect(soup.taken).toEqual([2]);
    dispose(soup.model);
    const curve = await interpolationCurve(ends[0] as TransferModel, ends[2] as TransferModel, target, { metric });
    expect(curve.best.alpha).toBe(1);
    const strategies = [0.001, 0.4].map((learningRate) => linearProbe({ epochs: 1, learningRate, optimizer: sgd() }));
    const { winner } = await sweep(model, strategies, { train: target, validation: target }, { metric, budget: 4 });
    expect(winner.position).toBe(1);
  }
  for (const end of ends) dispose(end);
});

test('what was forgotten is above 0 where the metric is worse, and curves need one that is better higher', async () => {
  const { model: source } = await fineTune(model, { train: line(6) }, linearProbe(phase));
  const other = attachHead(regressor(['z']))(asBase(source));
  const strategy = sequence(unfreeze(), train({ epochs: 3, learningRate: 0.2, optimizer: sgd() }));
  const { model: tuned } = await fineTune(other, { train: line(-6) }, strategy);
  const errors = await forgetting(source, tuned, line(6), { metric: rmse });
  expect(errors.after).toBeGreaterThan(errors.before);
  expect(errors.forgotten).toBe(errors.after - errors.before);
  const negative = await forgetting(source, tuned, line(6), { metric: noError });
  expect(negative.forgotten).toBe(negative.before - negative.after);
  await expect(transferReport(model, passed(), linearProbe(phase), { metric: rmse, seeds: [0] })).rejects.toThrow(
    /the metric rmse.*better where it is higher/,
  );
  for (const one of [source, other, tuned]) dispose(one);
});
