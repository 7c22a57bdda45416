import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { pipe } from '../../src/core/pipe.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { fromScratch } from '../../src/model/from-scratch.ts';
import { useBackend } from '../../src/model/use-backend.ts';

beforeAll(() => useBackend(cpu()));

test('every weight is drawn by its shape and name, by the seed alone, and the model stays as it is', () => {
  const model = pipe(tinyCnn(), attachHead(classifier(['a', 'b'])));
  const tensors = tf.memory().numTensors;
  const [one, same, other] = [fromScratch(model, 1), fromScratch(model, 1), fromScratch(model, 2)];
  for (const { key, shape } of model.layers.flatMap(({ weights }) => weights)) {
    const [a, b, c] = [one, same, other].map(({ lease }) => lease.values[key]?.dataSync() as Float32Array);
    expect(a).toEqual(b);
    expect(a).toHaveLength(tf.util.sizeFromShape([...shape]));
    if (/(gamma|variance)$/.test(key)) expect(new Set(a)).toEqual(new Set([1]));
    else if (/(beta|mean|bias)$/.test(key)) expect(new Set(a)).toEqual(new Set([0]));
    else expect(a).not.toEqual(c);
  }
  // He et al., equation 10: a variance of 2 over the number of inputs. 64 inputs, 128 outputs.
  const kernel = one.lease.values['block3_pointwise/kernel']?.dataSync() as Float32Array;
  const variance = kernel.reduce((sum, value) => sum + value ** 2, 0) / kernel.length;
  expect(Math.abs(variance / (2 / 64) - 1)).toBeLessThan(0.05);
  const depthwise = one.lease.values['block3_depthwise/depthwise_kernel']?.dataSync() as Float32Array;
  expect(Math.abs(depthwise.reduce((sum, value) => sum + value ** 2, 0) / depthwise.length / (2 / 9) - 1)).toBeLessThan(
    0.3,
  );
  for (const made of [one, same, other]) dispose(made);
  expect(tf.memory().numTensors).toBe(tensors);
  dispose(model);
});
