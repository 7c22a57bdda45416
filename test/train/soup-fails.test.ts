import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier, tokenClassifier } from '../../src/heads/index.ts';
import { accuracy, asBase, attachHead, auto, greedySoup, pipe, useBackend } from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';

beforeAll(() => useBackend(cpu()));

test('a soup whose third evaluation fails leaves no tensor', async () => {
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])));
  const examples = examplesOf([tf.ones([2, 16, 16, 3])], [0, 1]);
  let asked = 0;
  const compute = () => {
    if (++asked === 3) throw new Error('no number');
    return 1;
  };
  const before = tf.memory().numTensors;
  await expect(greedySoup([model, model], examples, { ...accuracy(), compute })).rejects.toThrow('no number');
  expect(tf.memory().numTensors).toBe(before);
});

test('a head of tokens on a base of a fixed length is measured', async () => {
  const layers = [tfl.layers.dense({ name: 'features', units: 4, inputShape: [20, 3] })];
  const model = pipe(asBase(tfl.sequential({ layers })), attachHead(tokenClassifier(['a', 'b'])));
  const before = tf.memory().numTensors;
  expect((await auto([cpu()], model)).backend.name).toBe('cpu');
  expect(tf.memory().numTensors).toBe(before);
});
