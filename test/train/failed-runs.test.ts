import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { fromArrays } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  type Dataset,
  dispose,
  fineTune,
  freeze,
  linearProbe,
  pipe,
  predict,
  sequence,
  TransferError,
  type TransferModel,
  train,
  unfreeze,
} from '../../src/index.ts';

beforeAll(() => useCpu());

async function useCpu(): Promise<void> {
  await cpu().load();
  await tf.setBackend('cpu');
}

function network(): tfl.LayersModel {
  return tfl.sequential({ layers: [tfl.layers.dense({ name: 'features', units: 3, inputShape: [2] })] });
}

const rows = [
  [0, 1],
  [1, 0],
];
const data: Dataset = { train: fromArrays(rows, [0, 1]) };

async function failureOf(run: Promise<unknown>): Promise<TransferError> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransferError);
  return error as TransferError;
}

test('frozen weights that something else writes during a run are found out', async () => {
  const mine = network();
  const model = pipe(asBase(mine), attachHead(classifier(['a', 'b'])));
  const meddle = () => tf.tidy(() => mine.layers[0]?.setWeights([tf.ones([2, 3]), tf.zeros([3])]));
  const run = fineTune(model, data, linearProbe({ epochs: 2 }), {
    onEvent: ({ kind }) => kind === 'epoch' && meddle(),
  });

  const { code, message } = await failureOf(run);
  expect(code).toBe('FROZEN_CHANGED');
  expect(message).toMatch(/Frozen weights changed during the run: features\/kernel\. .*load the base twice/);
});

test('examples that fail in the middle end the run with their reason and the weights that it had reached', async () => {
  const model = pipe(asBase(network()), attachHead(classifier(['a', 'b'])));
  let read = 0;
  const reason = new Error('the disk is gone');
  const failing: Dataset = {
    train: {
      ...data.train,
      read: (...request) => {
        read++;
        if (read > 1) throw reason;
        return data.train.read(...request);
      },
    },
  };
  // Nothing is kept, so every epoch reads again.
  const run = fineTune(model, failing, linearProbe({ epochs: 3 }), { cacheBytes: 0 });

  const error = await failureOf(run);
  expect(error).toMatchObject({ code: 'RUN_FAILED', message: 'The run failed: the disk is gone', cause: reason });
  expect((error.model as TransferModel).kind).toBe('transfer');
  dispose(error.model as TransferModel);
});

test('a model that was disposed, or whose weights were, says so', async () => {
  const model = pipe(asBase(network()), attachHead(classifier(['a', 'b'])));
  dispose(pipe(model, freeze()));

  const { code, message } = await failureOf(predict(model, [0, 1]));
  expect(code).toBe('DISPOSED');
  expect(message).toMatch(/was disposed, or a handle that shares its weights was\. .*dispose the last of them only/);
});

/** A layer without a gradient: the backward pass fails at it. */
class Steep extends tfl.layers.Layer {
  static readonly className = 'Steep';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [input] = [inputs].flat() as [tf.Tensor];
    return tf.customGrad((x) => {
      const gradFunc = () => {
        throw new Error('too steep');
      };
      return { value: tf.clone(x as tf.Tensor), gradFunc };
    })(input);
  }
}
tf.serialization.registerClass(Steep);

test('a step that fails on its way back leaves nothing behind', async () => {
  const layers = [tfl.layers.dense({ units: 3, inputShape: [2] }), new Steep({}), tfl.layers.dense({ units: 3 })];
  const model = pipe(asBase(tfl.sequential({ layers })), attachHead(classifier(['a', 'b'])));
  const before = tf.memory().numTensors;
  const { message } = await failureOf(fineTune(model, data, sequence(unfreeze(), train({ epochs: 1 }))));
  expect(message).toMatch(/too steep/);
  expect(tf.memory().numTensors).toBe(before);
  dispose(model);
});
