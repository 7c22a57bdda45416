import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { Backend } from '../../src/core/backend.ts';
import { lastWeights } from '../../src/core/callbacks.ts';
import type { Dataset } from '../../src/core/data.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { batchNorm } from '../../src/core/rate-edits.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { canBeLost } from '../../src/model/device.ts';
import { dispose } from '../../src/model/dispose.ts';
import { loadModel } from '../../src/model/load-model.ts';
import { networkBehind } from '../../src/model/network.ts';
import { saveModel } from '../../src/model/save-model.ts';
import { countData, type DeviceBackend } from '../../src/model/tfjs-internals.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { fineTuneSteps } from '../../src/train/fine-tune-steps.ts';
import { predict } from '../../src/train/predict.ts';
import { memory } from '../support/examples.ts';

const size = 16;
const strategy = sequence(
  linearProbe({ epochs: 2, batchSize: 4, callbacks: [lastWeights()] }),
  unfreezeTop(2),
  batchNorm('statistics'),
  train({ epochs: 2, batchSize: 4, learningRate: 0.01, callbacks: [lastWeights()] }),
);

/** Pictures of two shades, with a pattern that differs from picture to picture. */
function pictures(count: number, first: number): number[][][][] {
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: size }, (_, y) =>
      Array.from({ length: size }, (_, x) =>
        [0, 1, 2].map((c) => 60 + 120 * (i % 2) + 50 * Math.sin((first + i) * 1.7 + y * 0.9 + x * (c + 1))),
      ),
    ),
  );
}
const labels = (count: number) => Array.from({ length: count }, (_, i) => i % 2);

function dataset(): Dataset {
  return { train: fromArrays(pictures(10, 0), labels(10)), validation: fromArrays(pictures(6, 20), labels(6)) };
}

function model(): TransferModel {
  const base = tinyCnn({ size });
  const made = attachHead(classifier(['dark', 'light']))(base);
  dispose(base);
  return made;
}

async function bits(handle: TransferModel): Promise<Record<string, string>> {
  const network = networkBehind(handle);
  const entries: [string, string][] = [];
  for (const key of network.variables.keys()) {
    const numbers = Float32Array.from(await tensorOf(network.variables, handle.lease.values, key).data());
    entries.push([key, new Uint32Array(numbers.buffer).join()]);
  }
  return Object.fromEntries(entries);
}

async function probabilities(handle: TransferModel): Promise<number[]> {
  const picture = tf.tensor(pictures(1, 40)[0] as number[][][], [size, size, 3]);
  const predictions = await predict(handle, picture).finally(() => picture.dispose());
  return ['dark', 'light'].map((label) => predictions.find((one) => one.label === label)?.score as number);
}

const expectNear = (a: readonly number[], b: readonly number[], within: number) => {
  expect(a).toHaveLength(b.length);
  for (const [i, value] of a.entries()) expect(Math.abs(value - (b[i] as number))).toBeLessThan(within);
};

/** Takes the device away, as a driver's reset does. */
export function loseDevice(): void {
  const { gpgpu, device } = tf.backend() as DeviceBackend;
  gpgpu?.gl.getExtension('WEBGL_lose_context')?.loseContext();
  device?.destroy();
}

/**
 * What the library promises whatever the backend, as tests.
 *
 * @param backend The backend, which is current.
 * @param other Another one, to move to.
 */
export function promises(backend: Backend, other: Backend): void {
  test('a single prediction folds normalisations, but for graphics processors, which would only start more kernels', async () => {
    const start = model();
    const kernels = vi.spyOn(tf.engine(), 'runKernel');
    await probabilities(start);
    const ran = kernels.mock.calls.map(([name]) => name);
    kernels.mockRestore();
    // Folding takes the root of the variance.
    expect(ran.includes(tf.Rsqrt)).toBe(!canBeLost());
    dispose(start);
  });

  test('goes from data to a tuned, saved, loaded model, and frozen weights keep their bits', async () => {
    const start = model();
    const before = await bits(start);
    const { model: tuned, history } = await fineTune(start, dataset(), strategy);
    const after = await bits(tuned);
    const changed = Object.keys(before).filter((key) => before[key] !== after[key]);
    expect(changed.length).toBeGreaterThan(4);
    expect(changed.filter((key) => key in history.frozen)).toEqual([]);
    expect(changed.length + Object.keys(history.frozen).length).toBe(Object.keys(before).length);
    expect(await bits(start)).toEqual(before);
    const handler = memory();
    await saveModel(tuned, handler);
    const loaded = await loadModel(handler);
    expectNear(await probabilities(loaded), await probabilities(tuned), 1e-6);
    for (const handle of [start, tuned, loaded]) dispose(handle);
  });

  test('the same seed gives the same bits', async () => {
    const run = async () => {
      const start = model();
      const { model: tuned } = await fineTune(start, dataset(), strategy, { seed: 3 });
      const result = await bits(tuned);
      dispose(start);
      dispose(tuned);
      return result;
    };
    expect(await run()).toEqual(await run());
  });

  test('nothing leaks on completion, abort and early exit', async () => {
    const start = model();
    const data = dataset();
    const before = tf.memory().numTensors;
    dispose((await fineTune(start, data, strategy)).model);
    expect(tf.memory().numTensors).toBe(before);

    const controller = new AbortController();
    let steps = 0;
    const { model: aborted, ended } = await fineTune(start, data, strategy, {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && ++steps === 8) controller.abort();
      },
    });
    expect(ended).toBe('aborted');
    expect(await probabilities(aborted)).toHaveLength(2);
    dispose(aborted);
    expect(tf.memory().numTensors).toBe(before);

    for await (const event of fineTuneSteps(start, data, strategy)) if (event.kind === 'step') break;
    expect(tf.memory().numTensors).toBe(before);
    dispose(start);
  });

  test('a model goes to another backend and back, predicts the same there, and leaves nothing behind', async () => {
    const start = model();
    const { model: tuned } = await fineTune(start, dataset(), strategy);
    const here = await probabilities(tuned);
    const handler = memory();
    await saveModel(tuned, handler);
    const before = tf.memory().numTensors;
    const left = tf.backend();

    await useBackend(other);
    expect(tf.getBackend()).toBe(other.name);
    expectNear(await probabilities(tuned), here, 1e-3);
    const loaded = await loadModel(handler);
    expectNear(await probabilities(loaded), here, 1e-3);
    dispose(loaded);
    const { model: further } = await fineTune(tuned, dataset(), linearProbe({ epochs: 1 }));
    dispose(further);
    expect(countData(left)).toBe(0);

    await useBackend(backend);
    expect(tf.backend()).not.toBe(left);
    expect(tf.memory().numTensors).toBe(before);
    expectNear(await probabilities(tuned), here, 1e-6);
    dispose(tuned);
    dispose(start);
  });

  if (!['webgl', 'webgpu'].includes(backend.name)) {
    test('has no device that could be lost', () => expect(canBeLost()).toBe(false));
    return;
  }

  test('a lost device stops a run with an error, and the last whole step is kept', async () => {
    expect(canBeLost()).toBe(true);
    const start = model();
    const untouched = await probabilities(start);
    const { model: reference } = await fineTune(
      start,
      { train: dataset().train },
      sequence(train({ epochs: 1, batchSize: 5, learningRate: 0.01 })),
    );
    const oneEpoch = await probabilities(reference);
    dispose(reference);
    const before = tf.memory().numTensors;
    let steps = 0;
    const failed = await fineTune(
      start,
      { train: dataset().train },
      sequence(train({ epochs: 4, batchSize: 5, learningRate: 0.01 })),
      {
        onEvent: (event) => {
          if (event.kind === 'step' && ++steps === 2) loseDevice();
        },
      },
    ).then(
      () => undefined,
      (error) => error,
    );
    expect(failed).toMatchObject({ code: 'DEVICE_LOST', model: { kind: 'transfer' } });
    expect(failed.message).toMatch(/was lost .* Call await useBackend/);
    expect(steps).toBe(2);
    await expect(probabilities(start)).rejects.toMatchObject({ code: 'DEVICE_LOST' });

    await useBackend(backend);
    expectNear(await probabilities(start), untouched, 1e-5);
    expectNear(await probabilities(failed.model), oneEpoch, 1e-5);
    dispose((await fineTune(failed.model, dataset(), strategy)).model);
    dispose(failed.model);
    expect(tf.memory().numTensors).toBe(before);
    dispose(start);
  });
}
