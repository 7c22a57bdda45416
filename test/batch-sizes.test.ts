import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import {
  channelWeights,
  featuresOf,
  forgetting,
  gradientNorms,
  interpolationCurve,
  rankBases,
} from '../src/analyse/index.ts';
import { cpu } from '../src/backends/cpu.ts';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import { classifier } from '../src/heads/classifier.ts';
import { asBase, attachHead, evaluate, train, useBackend } from '../src/index.ts';
import { examplesOf } from './support/examples.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const examples = () => examplesOf([tf.ones([4, size, size, 3])], [0, 1, 0, 1]);
const model = () => attachHead(classifier(['dark', 'light']))(tinyCnn({ size }));

// A loop over batches of 0 has no end, and one over halves takes examples twice.
const takers: Readonly<Record<string, (settings: { batchSize: number }) => unknown>> = {
  evaluate: (settings) => evaluate(model(), examples(), settings),
  train: (settings) => train({ epochs: 1, ...settings }),
  featuresOf: (settings) => featuresOf(tinyCnn({ size }), examples(), settings),
  'featuresOf of rankBases': (settings) => rankBases({ tiny: tinyCnn({ size }) }, examples(), settings),
  'train of gradientNorms': (settings) => gradientNorms(model(), examples(), settings),
  interpolationCurve: (settings) => {
    const both = model();
    return interpolationCurve(both, both, examples(), settings);
  },
  channelWeights: (settings) => channelWeights(model(), examples(), undefined, settings),
  'evaluate of forgetting': (settings) => {
    const source = model();
    return forgetting(source, attachHead(classifier(['a', 'b']))(asBase(source)), examples(), settings);
  },
};
const cases = Object.keys(takers).flatMap((name) => [0, 1.5, -1].map((batchSize) => [name, batchSize] as const));

test.each(cases)('%s refuses a batch size of %s', async (name, batchSize) => {
  const asked = Promise.resolve().then(() => takers[name]?.({ batchSize }));
  await expect(asked).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(
      new RegExp(`^${name.split(' ')[0]} received batchSize: ${batchSize}[.;] pass a whole number from 1`, 'i'),
    ),
  });
});
