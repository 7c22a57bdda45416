import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { unfreeze, unfreezeTop } from '../../src/core/edits.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { pipe } from '../../src/core/pipe.ts';
import { train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { canTrain } from '../../src/train/can-train.ts';
import { fineTune } from '../../src/train/fine-tune.ts';

beforeAll(() => useBackend(cpu()));

/** A network whose one flaw is inside another layer. */
async function withModel(check: (model: TransferModel) => Promise<void>): Promise<void> {
  const L = tfl.layers;
  const dilated = L.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, name: 'inner' });
  const network = tfl.sequential({
    layers: [
      L.timeDistributed({ layer: dilated, inputShape: [2, 4, 4, 1], name: 'each' }),
      L.flatten(),
      L.dense({ units: 3, name: 'top', activation: 'tanh' }),
    ],
  });
  const base = asBase(network);
  const model = pipe(base, attachHead(classifier(['a', 'b'])));
  await check(model);
  dispose(model);
  dispose(base);
  network.dispose();
}

test('a gradient that nobody has right is named with its layers and the reason, and no step is made', () =>
  withModel(async (model) => {
    const open = pipe(model, unfreeze());
    const missing = [{ kernel: 'FusedConv2D', layers: ['each'], reason: 'it does not know dilation' }];
    expect(canTrain(open)).toEqual({ ok: false, missing });

    const data = { train: fromArrays({ values: new Float32Array(64), shape: [2, 2, 4, 4, 1] }, [0, 1]) };
    const before = tf.memory().numTensors;
    await expect(fineTune(open, data, [train({ epochs: 1 })])).rejects.toMatchObject({
      code: 'KERNEL_MISSING',
      message: expect.stringMatching(
        /^Of tfjs' gradients on "cpu", these are wrong: FusedConv2D \(each: it does not know dilation\)\. Freeze/,
      ),
    });
    expect(tf.memory().numTensors).toBe(before);
  }));

test('below the frontier it needs no gradient', () =>
  withModel(async (model) => {
    expect(canTrain(pipe(model, unfreezeTop(1)))).toEqual({ ok: true, missing: [] });
  }));

test('the doubt ends where the adapter brought a right one, and begins again where it is taken away', () => {
  const network = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ filters: 2, kernelSize: 1, inputShape: [4, 4, 1], name: 'below' }),
      tfl.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same', name: 'pool' }),
    ],
  });
  const base = asBase(network);
  const model = pipe(base, attachHead(classifier(['a', 'b'])), unfreeze());
  expect(canTrain(model).ok).toBe(true);
  const ours = tf.getKernel('AvgPoolGrad', 'cpu');
  try {
    tf.unregisterKernel('AvgPoolGrad', 'cpu');
    tf.registerKernel({ ...ours, repaired: false } as tf.KernelConfig);
    expect(canTrain(model).missing).toEqual([
      { kernel: 'AvgPoolGrad', layers: ['pool'], reason: expect.stringContaining('edge') },
    ]);
  } finally {
    tf.unregisterKernel('AvgPoolGrad', 'cpu');
    tf.registerKernel(ours);
  }
  dispose(model);
  dispose(base);
  network.dispose();
});
