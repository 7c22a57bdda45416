import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { tinyCnn } from '../../../src/bases/tiny-cnn.ts';
import type { Backend } from '../../../src/core/backend.ts';
import { unfreezeTop } from '../../../src/core/edits.ts';
import { pipe } from '../../../src/core/pipe.ts';
import { sequence, train } from '../../../src/core/strategy.ts';
import { fromTensors } from '../../../src/data/from-tensors.ts';
import { classifier } from '../../../src/heads/classifier.ts';
import { attachHead } from '../../../src/model/attach-head.ts';
import { dispose } from '../../../src/model/dispose.ts';
import { useBackend } from '../../../src/model/use-backend.ts';
import { fineTune } from '../../../src/train/fine-tune.ts';
import { featureWorkers } from '../../../src/web/feature-workers.ts';
import { browserBackends } from '../backends.ts';

const [wasm] = browserBackends as [Backend, ...Backend[]];

test('with threads, wasm trains, and workers of one thread compute the same bits', async () => {
  await useBackend(wasm);
  expect(await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')).toBe(true);
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])), unfreezeTop(2));
  const pictures = tf.randomUniform([12, 16, 16, 3], 0, 255, 'float32', 7);
  const data = { train: await fromTensors(pictures, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]) };
  pictures.dispose();
  const program = () => new Worker(new URL('../feature-worker.ts', import.meta.url), { type: 'module' });
  const workers = featureWorkers(2, program);
  const bits: string[] = [];
  for (const settings of [{}, { workers }]) {
    const { model: tuned } = await fineTune(model, data, sequence(train({ epochs: 2, batchSize: 4 })), settings);
    bits.push(
      Object.values(tuned.lease.values)
        .map((tensor) => String(tensor.dataSync()))
        .join(),
    );
    dispose(tuned);
  }
  expect(bits[1]).toBe(bits[0]);
  await workers.close();
  dispose(model);
});
