import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { l2SP, type Penalty } from '../../src/core/penalties.ts';
import { pipe } from '../../src/core/pipe.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { networkBehind } from '../../src/model/network.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { fineTuneOneCycle } from '../../src/train/fine-tune-one-cycle.ts';
import { sgd } from '../../src/train/optimizers.ts';
import { strategyFromJSON } from '../../src/train/strategy-from-json.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const count = 4;
const values = Float32Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919) % 256);
const data = { train: fromArrays({ values, shape: [count, size, size, 3] }, [0, 1, 0, 1]) };
const rate = 0.1;
const kernel = 'block3_pointwise/kernel';
const head = 'head_logits/kernel';

const weight = (model: TransferModel, key: string) =>
  tensorOf(networkBehind(model).variables, model.lease.values, key).dataSync();

/** Weights after so many steps of plain descent on one batch. */
async function trained(model: TransferModel, epochs: number, penalties: readonly Penalty[]) {
  const phase = train({ epochs, batchSize: count, learningRate: rate, optimizer: sgd(), penalties });
  const { model: tuned, history } = await fineTune(model, data, sequence(unfreezeTop(1), phase));
  const made = { kernel: weight(tuned, kernel), head: weight(tuned, head) };
  const loss = history.phases[0]?.epochs[0]?.loss as number;
  dispose(tuned);
  return { ...made, loss };
}

describe('l2SP', () => {
  test('pulls the base back to where it began, and the head to 0: by hand', async () => {
    const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
    const tensors = tf.memory().numTensors;
    const [alpha, beta] = [0.7, 0.3];
    const start = { kernel: weight(model, kernel), head: weight(model, head) };
    const one = await trained(model, 1, []);
    const two = await trained(model, 2, []);
    // In the first step the base is where it began: nothing pulls. The second step is off by -rate alpha (w1 - w0).
    const held = await trained(model, 2, [l2SP({ alpha, beta: 0 })]);
    let pulled = 0;
    held.kernel.forEach((value, i) => {
      const expected =
        (two.kernel[i] as number) - rate * alpha * ((one.kernel[i] as number) - (start.kernel[i] as number));
      expect(Math.abs(value - expected)).toBeLessThan(1e-6);
      pulled = Math.max(pulled, Math.abs(value - (two.kernel[i] as number)));
    });
    expect(pulled).toBeGreaterThan(1e-5);
    // The head is pulled to 0 from the first step on.
    const small = await trained(model, 1, [l2SP({ alpha: 0, beta })]);
    small.head.forEach((value, i) => {
      expect(Math.abs(value - ((one.head[i] as number) - rate * beta * (start.head[i] as number)))).toBeLessThan(1e-6);
    });
    const squares = [...start.head].reduce((sum, value) => sum + value ** 2, 0);
    expect(small.loss - one.loss).toBeCloseTo((beta / 2) * squares, 4);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });

  test('goes to JSON and back, and refuses strengths below 0', () => {
    const text = JSON.stringify(sequence(train({ epochs: 1, penalties: [l2SP({ alpha: 0.5 })] })));
    expect(JSON.stringify(strategyFromJSON(text))).toBe(text);
    expect(() => l2SP({ alpha: -1 })).toThrow(/pass numbers from 0/);
    expect(() => train({ epochs: 1, penalties: [{}] as never })).toThrow(/no penalty as penalties/);
  });
});

test('fineTuneOneCycle has the rates of fastai, and runs', async () => {
  const strategy = fineTuneOneCycle(2, { batchSize: 2 });
  const phases = strategy.filter((step) => step.kind === 'phase');
  const [first, second] = phases.map(({ schedule, learningRate }) => ({ schedule, peak: learningRate as number }));
  expect(first?.peak).toBe(2e-3);
  expect(second?.peak).toBe(1e-3);
  const rates = Array.from({ length: 100 }, (_, step) => second?.schedule?.rateAt(second.peak, step, 100) as number);
  expect(rates[0]).toBeCloseTo(1e-3 / 5, 9);
  expect(Math.max(...rates)).toBeCloseTo(1e-3, 6);
  expect(rates.indexOf(Math.max(...rates))).toBe(29);
  expect(rates.at(-1)).toBeCloseTo(1e-3 / 1e5, 12);
  const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
  const tensors = tf.memory().numTensors;
  const { model: tuned, history } = await fineTune(model, data, strategy);
  expect(history.phases.map(({ epochs }) => epochs.length)).toEqual([1, 2]);
  expect(JSON.stringify(strategyFromJSON(JSON.stringify(strategy)))).toBe(JSON.stringify(strategy));
  dispose(tuned);
  expect(tf.memory().numTensors).toBe(tensors);
  dispose(model);
});
