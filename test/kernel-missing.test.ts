import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { node } from '../src/backends/node.ts';
import { wasm } from '../src/backends/wasm.ts';
import { webgl } from '../src/backends/webgl.ts';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import { fromArrays } from '../src/data/index.ts';
import { classifier } from '../src/heads/index.ts';
import {
  attachHead,
  type Backend,
  canTrain,
  dispose,
  fineTune,
  linearProbe,
  pipe,
  sequence,
  type TrainEvent,
  TransferError,
  train,
  unfreezeTop,
} from '../src/index.ts';

// tfjs' own WASM backend, without the kernels that tfjs-transfer/backends/wasm adds.
beforeAll(() => tf.setBackend('wasm'));

const values = Float32Array.from({ length: 4 * 16 * 16 * 3 }, (_, index) => index % 255);
const data = { train: fromArrays({ values, shape: [4, 16, 16, 3] }, [0, 1, 0, 1]) };

function model() {
  const base = tinyCnn({ size: 16 });
  const made = pipe(base, attachHead(classifier(['even', 'odd'])));
  dispose(base);
  return made;
}

test('a gradient that the backend lacks is refused before the first step, and the head still trains', async () => {
  const start = model();
  const before = tf.memory().numTensors;
  const events: TrainEvent[] = [];
  const onEvent = (event: TrainEvent) => void events.push(event);
  const one = train({ epochs: 1, batchSize: 2 });
  const strategy = sequence(linearProbe({ epochs: 1 }), unfreezeTop(2), one);

  const failure: unknown = await fineTune(start, data, strategy, { onEvent }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TransferError);
  const { code, message, model: left } = failure as TransferError;
  expect({ code, left }).toEqual({ code: 'KERNEL_MISSING', left: undefined });
  expect(message).toMatch(/The backend "wasm" lacks gradient kernels that this run needs/);
  expect(message).toMatch(/DepthwiseConv2dNativeBackpropFilter \(block3_depthwise\)/);
  expect(message).toMatch(/Conv2DBackpropFilter \(block3_pointwise\)/);
  expect(message).toMatch(/Freeze those layers, or choose another backend: useBackend\(wasm\(\)\)/);
  expect(events).toEqual([]);
  expect(tf.memory().numTensors).toBe(before);

  const unfrozen = pipe(start, unfreezeTop(2));
  expect(canTrain(unfrozen, wasm())).toEqual({
    ok: false,
    missing: expect.arrayContaining([
      { kernel: 'DepthwiseConv2dNativeBackpropFilter', layers: ['block3_depthwise'] },
      { kernel: 'Conv2DBackpropFilter', layers: ['block3_pointwise'] },
    ]),
  });
  for (const { kernel, layers } of canTrain(unfrozen).missing) {
    expect(message).toContain(`${kernel} (${layers.join(', ')})`);
  }
  expect(canTrain(start, wasm())).toEqual({ ok: true, missing: [] });

  const { model: tuned, ended } = await fineTune(start, data, linearProbe({ epochs: 1 }), { onEvent });
  expect(ended).toBe('completed');
  expect(events.map(({ kind }) => kind)).toContain('step');
  dispose(tuned);
  expect(tf.memory().numTensors).toBe(before);
  dispose(start);
});

test('the one layer that unfreezeTop(1) opens is named alone', async () => {
  const start = pipe(model(), unfreezeTop(1));
  const strategy = [train({ epochs: 1 })] as const;
  const failure: unknown = await fineTune(start, data, strategy).catch((error: unknown) => error);
  expect((failure as TransferError).message).toMatch(
    /this run needs: Conv2DBackpropFilter \(block3_pointwise\)\. Freeze/,
  );
  dispose(start);
});

test('a backend that is not loaded, or a name, is no answer', () => {
  const start = model();
  const refuses = (backend: unknown, message: RegExp) =>
    expect(() => canTrain(start, backend as Backend)).toThrow(
      expect.objectContaining({ code: 'BACKEND_UNKNOWN', message: expect.stringMatching(message) }),
    );
  refuses(webgl(), /backend "webgl" is not loaded.*await useBackend/);
  refuses(node(), /backend "tensorflow" is not loaded/);
  refuses('wasm', /canTrain received "wasm".*wasm\(\)/);
  refuses(wasm, /canTrain received a function.*called/);
  dispose(start);
});
