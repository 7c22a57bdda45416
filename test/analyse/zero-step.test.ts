import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { attachLearned } from '../../src/analyse/attach-learned.ts';
import { featuresOf } from '../../src/analyse/features-of.ts';
import { learn } from '../../src/analyse/learn.ts';
import { nearestMean } from '../../src/analyse/nearest-mean.ts';
import { zeroStep } from '../../src/analyse/zero-step.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { accuracy, auc } from '../../src/core/metrics.ts';
import { pipe } from '../../src/core/pipe.ts';
import { fromTensors } from '../../src/data/from-tensors.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { evaluate } from '../../src/train/evaluate.ts';

beforeAll(() => useBackend(wasm()));

test.each([auc('light'), accuracy()])(
  'is the $name of a model with the means of the classes as its head',
  async (metric) => {
    const pictures = (seed: number) =>
      tf.tidy(() => {
        const levels = tf.tensor(Array.from({ length: 24 }, (_, i) => [[[80 + 20 * (i % 2) + i]]]));
        return tf.add(levels, tf.randomUniform([24, 16, 16, 3], 0, 60, 'float32', seed)) as tf.Tensor4D;
      });
    const targets = Array.from({ length: 24 }, (_, i) => i % 2);
    const data = {
      train: await fromTensors(pictures(1), targets),
      validation: await fromTensors(pictures(2), targets),
    };
    const base = tinyCnn({ size: 16, seed: 3 });
    const labels = ['dark', 'light'];
    const features = await featuresOf(base, data.train);
    const learned = pipe(base, attachLearned(await learn(nearestMean(), features, features.labels, labels)));
    const { metrics } = await evaluate(learned, data.validation, { metrics: [metric] });
    const model = pipe(base, attachHead(classifier(labels)));
    const tensors = tf.memory().numTensors;

    const zero = await zeroStep(model, data, metric, 0);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(zero?.transfer).toBeCloseTo(metrics[metric.name] as number, 6);
    expect(zero?.transfer).not.toBe(zero?.scratch);
    for (const handle of [model, learned, base]) dispose(handle);
  },
);

test('stops where its signal is aborted, and leaves nothing', async () => {
  const stop = new AbortController();
  const examples = await fromTensors(tf.zeros([8, 16, 16, 3]), [0, 1, 0, 1, 0, 1, 0, 1]);
  const read: typeof examples.read = (...given) => {
    stop.abort();
    return examples.read(...given);
  };
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
  const tensors = tf.memory().numTensors;
  const data = { train: { ...examples, read }, validation: examples };
  await expect(zeroStep(model, data, accuracy(), 0, stop.signal)).rejects.toThrow(/abort/i);
  expect(tf.memory().numTensors).toBe(tensors);
  dispose(model);
});
