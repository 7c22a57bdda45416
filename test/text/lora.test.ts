import * as tf from '@tensorflow/tfjs-core';
import {
  adamw,
  chain,
  clipByGlobalNorm,
  dispose,
  fineTune,
  linear,
  lora,
  sequence,
  train,
  useBackend,
} from 'tfjs-transfer';
import { merge } from 'tfjs-transfer/adapters';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { loadTokenizer, textExamples, tokenize } from 'tfjs-transfer/text';
import { expect, test } from 'vitest';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import tokens from '../goldens/text/tiny-bert/tokens.golden.json' with { type: 'json' };
import { golden, outputOf, textFolder } from '../support/encoders.ts';
import { difference } from '../support/examples.ts';
import { referenceFactors, referenceLora, withFirstUpdates } from '../support/lora-start.ts';
import { disposeStart, startModel } from '../support/tiny-bert.ts';

test.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('tiny-bert trains updates of low rank on %s as peft does', async (_name, backend) => {
  await useBackend(backend());
  const before = tf.memory().numTensors;
  const base = await startModel();
  const start = await withFirstUpdates(base);
  const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
  const texts = tokens.cases.slice(0, 6).map(({ text }) => text);
  const data = { train: textExamples(texts, [0, 1, 2, 0, 1, 2], tokenizer) };
  const phase = train({
    epochs: 8,
    batchSize: 6,
    learningRate: 1e-2,
    schedule: linear({ warmup: 2 }),
    optimizer: chain(clipByGlobalNorm(1), adamw({ weightDecay: 0, epsilon: 1e-8, convention: 'pytorch' })),
  });
  const { model, history } = await fineTune(start, data, sequence(lora(referenceLora), phase));
  const reference = await golden('test/goldens/text/tiny-bert/train-lora.golden.safetensors');

  const epochs = history.phases.flatMap((one) => one.epochs);
  const losses = tf.tidy(() => difference(tf.tensor1d(epochs.map(({ loss }) => loss)), reference.losses as tf.Tensor));
  const head = 'base_model.model.classifier.modules_to_save.default';
  const named = [...referenceFactors, ['head_logits/kernel', `${head}.weight`] as const];
  const weights = named.map(([key, name]) =>
    tf.tidy(() => difference(model.lease.values[key] as tf.Tensor, tf.transpose(reference[name] as tf.Tensor))),
  );
  weights.push(difference(model.lease.values['head_logits/bias'] as tf.Tensor, reference[`${head}.bias`] as tf.Tensor));
  // The base is bit for bit what it was.
  const { variables } = networkBehind(model);
  expect(Object.keys(history.frozen).length).toBe(
    model.layers.flatMap((layer) => layer.weights).length - named.length - 1,
  );
  for (const key of variables.keys()) {
    if (!key.startsWith('head')) expect(tensorOf(variables, model.lease.values, key)).toBe(variables.get(key)?.val);
  }
  const { ids, mask, types, shape } = tokenize(texts, tokenizer);
  const inputs = [ids, mask, types].map((numbers) => tf.tensor(numbers, [...shape], 'int32'));
  const { model: merged, error } = await merge(model);
  const logits = [model, merged].map((one) => tf.tidy(() => outputOf(one, inputs)));
  const distances = logits.map((one) => difference(one, reference.merged_logits as tf.Tensor));
  console.log(`lora on ${tf.getBackend()}: losses ${losses}, weights ${Math.max(...weights)}, logits ${distances}`);
  expect(losses).toBeLessThan(1e-4);
  expect(Math.max(...weights)).toBeLessThan(1e-4);
  expect(Math.max(...distances)).toBeLessThan(1e-5);
  expect(error).toBeLessThan(1e-6);

  for (const handle of [merged, model, start]) dispose(handle);
  disposeStart(base);
  tf.dispose([inputs, logits, Object.values(reference)] as never);
  expect(tf.memory().numTensors).toBe(before);
});
