import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canTrain } from '../../src/train/can-train.ts';
import { layerCases } from './gradients-layers.ts';
import { slopesOf, withModel } from './gradients-of-layers.ts';

// tfjs as it is, without an adapter: what canTrain lets through has to be right there too.
describe.each(['cpu', 'wasm'])("canTrain knows what is wrong in tfjs' own %s", (backend) => {
  const refused: string[] = [];
  beforeAll(() => tf.setBackend(backend));
  afterAll(() => console.log(`plain ${backend} refuses ${refused.length}: ${refused.join('; ')}`));

  test.each(layerCases)('$name', async (one) => {
    const { ok, missing } = await withModel(one, (model) => canTrain(model));
    if (!ok) {
      refused.push(`${one.name} (${missing.map(({ kernel }) => kernel).join(', ')})`);
      return;
    }
    const [byGradients, byDifferences] = await slopesOf(one);
    expect(Math.abs(byGradients - byDifferences)).toBeLessThan(1e-3 + 5e-3 * Math.abs(byDifferences));
  });
});
