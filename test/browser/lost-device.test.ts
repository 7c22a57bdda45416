import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { randomStream } from '../../src/core/random.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { predict } from '../../src/train/predict.ts';
import { loseDevice } from '../contract/promises.ts';
import { browserBackends } from './backends.ts';

const size = 8;
const random = randomStream('where the device is lost');
const picture = (shade: number) =>
  Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => [shade, (shade * x) / size, (shade * y) / size]),
  );
const shades = (count: number) => Array.from({ length: count }, (_, i) => picture(60 + 120 * (i % 2) + i));
const labels = (count: number) => Array.from({ length: count }, (_, i) => i % 2);
const data = {
  train: fromArrays(shades(8), labels(8)),
  validation: fromArrays(shades(4), labels(4)),
};

/** Loses the device now, or while the page does something else. */
function loseSoon(): void {
  if (random() < 0.5) loseDevice();
  else setTimeout(loseDevice, 20 * random());
}

/** What a program may be doing when the device goes away. Each waits until it has gone. */
const activities = {
  train: async (model: ReturnType<typeof attached>) => {
    const at = Math.floor(12 * random());
    let events = 0;
    await fineTune(model, data, linearProbe({ epochs: 500, batchSize: 4 }), {
      onEvent: () => {
        if (events++ === at) loseSoon();
      },
    });
  },
  evaluate: async (model: ReturnType<typeof attached>) => {
    loseSoon();
    for (let i = 0; i < 500; i++) await evaluate(model, data.validation);
  },
  predict: async (model: ReturnType<typeof attached>) => {
    loseSoon();
    for (let i = 0; i < 500; i++) await firstScore(model);
  },
};

// Few kernels: each new device compiles them all again, in software.
function attached() {
  const layers = [
    tfl.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [size, size, 3] }),
    tfl.layers.globalAveragePooling2d({}),
  ];
  const base = asBase(tfl.sequential({ layers }), { cut: false });
  const model = attachHead(classifier(['dark', 'light']))(base);
  dispose(base);
  return model;
}

async function firstScore(model: ReturnType<typeof attached>): Promise<number> {
  const tensor = tf.tensor(picture(100), [size, size, 3]);
  const predictions = await predict(model, tensor).finally(() => tensor.dispose());
  return predictions.find(({ label }) => label === 'dark')?.score as number;
}

test.each(browserBackends.filter(({ name }) => name !== 'wasm'))(
  '25 lost devices on $name are 25 errors, and models that trained there live on',
  async (backend) => {
    await useBackend(backend);
    const model = attached();
    // A run remembers the weights.
    dispose((await fineTune(model, data, linearProbe({ epochs: 1 }))).model);
    const score = await firstScore(model);
    const tensors = tf.memory().numTensors;
    const codes: string[] = [];
    for (let i = 0; i < 25; i++) {
      const activity = i % 5 === 3 ? 'evaluate' : i % 5 === 4 ? 'predict' : 'train';
      const failure = await activities[activity](model).then(
        () => ({ code: 'NONE', model: undefined }),
        (error) => error,
      );
      codes.push(failure.code === 'DEVICE_LOST' ? failure.code : `${activity}: ${failure.code} ${failure.message}`);
      // The timer of a loss that came too late would take the next device.
      await new Promise((resolve) => setTimeout(resolve, 25));
      await useBackend(backend);
      expect(Math.abs((await firstScore(model)) - score)).toBeLessThan(1e-5);
      if (!failure.model) continue;
      expect(Number.isFinite(await firstScore(failure.model))).toBe(true);
      dispose(failure.model);
    }
    expect(codes.filter((code) => code !== 'DEVICE_LOST')).toEqual([]);
    expect(codes).toHaveLength(25);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  },
  600_000,
);
