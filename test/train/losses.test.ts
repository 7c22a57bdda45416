import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { binaryCrossEntropy, type Loss, meanSquaredError, softmaxCrossEntropy } from '../../src/core/loss.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { lossOf } from '../../src/train/losses.ts';

beforeAll(() => useBackend(cpu()));

const logits = [
  [2, -1, 0.5],
  [0.1, 0.2, -3],
  [-40, 40, 0],
];
const classes = [0, 2, 1];
const many = [
  [1, 0, 1],
  [0, 0, 0],
  [0, 1, 1],
];
const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

/** Softmax cross-entropy in double precision, from its definition. */
const softmax = (smoothing: number, weights: readonly number[], gamma = 0) =>
  mean(
    logits.map((row, i) => {
      const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      const target = (k: number) => (k === classes[i] ? 1 - smoothing : 0) + smoothing / 3;
      const loss = row.reduce(
        (sum, value, k) => sum - target(k) * (1 - Math.exp(value - total)) ** gamma * (value - total),
        0,
      );
      return loss * (weights[classes[i] as number] as number);
    }),
  );
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
const binary = (smoothing: number, weights: readonly number[], gamma = 0) =>
  mean(
    logits.flatMap((row, i) =>
      row.map((value, k) => {
        const target = ((many[i] as number[])[k] as number) * (1 - smoothing) + smoothing / 2;
        const loss =
          -target * sigmoid(-value) ** gamma * Math.log(sigmoid(value)) -
          (1 - target) * sigmoid(value) ** gamma * Math.log(sigmoid(-value));
        return loss * (weights[k] as number);
      }),
    ),
  );

const weights = [1, 2, 0.5];
const cases: readonly [string, Loss, tf.TensorLike, 'int32' | 'float32', number][] = [
  ['softmax', softmaxCrossEntropy(), classes, 'int32', softmax(0, [1, 1, 1])],
  [
    'softmax, smoothed and weighted',
    softmaxCrossEntropy({ labelSmoothing: 0.1, classWeights: weights }),
    classes,
    'int32',
    softmax(0.1, weights),
  ],
  [
    'softmax, focused',
    softmaxCrossEntropy({ gamma: 2, classWeights: weights }),
    classes,
    'int32',
    softmax(0, weights, 2),
  ],
  ['binary, focused', binaryCrossEntropy({ gamma: 2 }), many, 'float32', binary(0, [1, 1, 1], 2)],
  ['binary', binaryCrossEntropy(), many, 'float32', binary(0, [1, 1, 1])],
  [
    'binary, smoothed and weighted',
    binaryCrossEntropy({ labelSmoothing: 0.2, classWeights: weights }),
    many,
    'float32',
    binary(0.2, weights),
  ],
  [
    'squared error',
    meanSquaredError(),
    many,
    'float32',
    mean(logits.flatMap((row, i) => row.map((v, k) => (v - ((many[i] as number[])[k] as number)) ** 2))),
  ],
];

describe.each(cases)('%s', (_, loss, targets, dtype, expected) => {
  const value = (outputs: tf.Tensor) => lossOf(loss, outputs as tf.Tensor2D, tf.tensor(targets, undefined, dtype));

  test('has the value of its definition', () => {
    const [computed] = value(tf.tensor(logits)).dataSync();
    expect(Math.abs((computed as number) - expected) / expected).toBeLessThan(1e-6);
  });

  test('has the gradient of finite differences', () => {
    const small = logits.map((row) => row.map((one) => one / 20));
    const gradient = (tf.grad(value)(tf.tensor(small)).arraySync() as number[][]).flat();
    const step = 0.01;
    small.flat().forEach((_, k) => {
      const moved = (by: number) =>
        tf.tensor(
          small.flat().map((one, i) => one + (i === k ? by : 0)),
          [3, 3],
        );
      const [up, down] = [value(moved(step)).dataSync()[0] as number, value(moved(-step)).dataSync()[0] as number];
      expect(Math.abs((up - down) / (2 * step) - (gradient[k] as number))).toBeLessThan(1e-4);
    });
  });
});

test.each([softmaxCrossEntropy(), softmaxCrossEntropy({ labelSmoothing: 0.1, gamma: 2, classWeights: weights })])(
  'the loss of a mixture is the mixture of losses: %j',
  (loss) => {
    const outputs = tf.tensor2d(logits);
    const other = [1, 2, 0];
    const [first, second] = [classes, other].map(
      (labels) => lossOf(loss, outputs, tf.tensor1d(labels, 'int32')).dataSync()[0],
    );
    const rows = logits.map((_, i) => [0, 1, 2].map((k) => (k === classes[i] ? 0.7 : 0) + (k === other[i] ? 0.3 : 0)));
    const [mixed] = lossOf(loss, outputs, tf.tensor2d(rows)).dataSync();
    expect(mixed).toBeCloseTo(0.7 * (first as number) + 0.3 * (second as number), 5);
  },
);
