import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import {
  delta,
  dispose,
  evaluate,
  fineTune,
  l2SP,
  linearProbe,
  predict,
  sequence,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { pictureModel } from '../support/spilled-runs.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const pictures = () => tf.randomUniform([6, size, size, 3], 0, 255, 'float32', 1);
const examples = () => examplesOf([pictures()], [0, 1, 0, 1, 0, 1]);

test('a run goes on when its model is disposed, through all of its phases', async () => {
  const data = { train: examples(), validation: examples() };
  const penalties = [l2SP(), delta({ layers: ['block3_pointwise'] })];
  const strategy = sequence(
    linearProbe({ epochs: 1 }),
    unfreezeTop(1),
    train({ epochs: 1, learningRate: 0.01, penalties }),
  );
  const before = tf.memory().numTensors;
  const run = async (meanwhile: boolean) => {
    const start = pictureModel();
    const { model: tuned, history } = await fineTune(start, data, strategy, {
      onEvent: ({ kind }) => {
        if (meanwhile && kind === 'step') dispose(start);
      },
    });
    const { loss } = await evaluate(tuned, data.train);
    dispose(tuned);
    dispose(start);
    return { history, loss };
  };
  expect(await run(true)).toEqual(await run(false));
  expect(tf.memory().numTensors).toBe(before);
});

test('a model is measured and asked to the end when it is disposed meanwhile', async () => {
  const asked = examples();
  const picture = tf.ones([size, size, 3]);
  const before = tf.memory().numTensors;
  for (const ask of [evaluate, predict] as const) {
    const answer = async (meanwhile: boolean) => {
      const start = pictureModel();
      const answering = ask === evaluate ? evaluate(start, asked, { batchSize: 2 }) : predict(start, picture);
      if (meanwhile) dispose(start);
      return answering.finally(() => dispose(start));
    };
    expect(await answer(true)).toEqual(await answer(false));
    expect(tf.memory().numTensors).toBe(before);
  }
});
