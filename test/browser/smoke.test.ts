import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { probeThenTune } from '../../src/core/recipes.ts';
import { fromTensors } from '../../src/data/from-tensors.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { browserBackends } from './backends.ts';

test.each(browserBackends)('$name', async (backend) => {
  await useBackend(backend);
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])), unfreezeTop(2));
  const data = { train: await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]) };
  const start = performance.now();
  const { ended } = await fineTune(model, data, probeThenTune());
  console.log(backend.name, performance.now() - start);
  expect(ended).toBe('completed');
});
