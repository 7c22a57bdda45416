import * as tf from '@tensorflow/tfjs-core';
import { attachHead, dispose, fineTune, loadBase, pipe, predict, train, unfreezeTop, useBackend } from 'tfjs-transfer';
import { classifier } from 'tfjs-transfer/heads';
import { loadTokenizer, textExamples } from 'tfjs-transfer/text';
import { expect, test } from 'vitest';
import { golden, inputsOf, outputOf } from '../support/encoder-output.ts';
import { browserBackends } from './backends.ts';

const place = '/test/goldens/text/tiny-bert/config.json';

test.each(browserBackends)('an encoder in a page gives its hidden states and trains on $name', async (backend) => {
  await useBackend(backend);
  const before = tf.memory().numTensors;
  const base = await loadBase(place);
  const tensors = await golden('test/goldens/text/tiny-bert/forward.golden.safetensors');
  const output = outputOf(base, inputsOf(tensors));
  const [own, expected] = await Promise.all([output.data(), (tensors.pooler_output as tf.Tensor).data()]);
  const error = Math.max(...own.map((value, i) => Math.abs(value - (expected[i] as number))));
  console.log(`tiny-bert in a page on ${tf.getBackend()}: ${error}`);
  expect(error).toBeLessThan(1e-4);
  tf.dispose([output, ...Object.values(tensors)]);

  const tokenizer = await loadTokenizer(place);
  const data = { train: textExamples(['soup', 'never again', 'quick soup', 'never'], [1, 0, 1, 0], tokenizer) };
  const start = pipe(base, attachHead(classifier(['bad', 'good'])), unfreezeTop(1));
  const { model, history } = await fineTune(start, data, [train({ epochs: 10, learningRate: 1e-2 })]);
  const losses = history.phases.flatMap(({ epochs }) => epochs.map(({ loss }) => loss));
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
  const { ids, mask, types } = tokenizer.encode('quick soup');
  expect((await predict(model, [ids, mask, types]))[0]?.label).toBe('good');
  for (const handle of [model, start, base]) dispose(handle);
  expect(tf.memory().numTensors).toBe(before);
});
