import * as tf from '@tensorflow/tfjs-core';
import { adamw, chain, clipByGlobalNorm, linear, type Tensors, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { loadTokenizer, tokenize } from 'tfjs-transfer/text';
import { expect, test } from 'vitest';
import { execute } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf, withValues } from '../../src/model/weights.ts';
import tokens from '../goldens/text/tiny-bert/tokens.golden.json' with { type: 'json' };
import { golden, textFolder } from '../support/encoders.ts';
import { difference } from '../support/examples.ts';
import { disposeStart, startModel } from '../support/tiny-bert.ts';

const [rank, alpha, steps] = [4, 8, 8];
const adapted = [0, 1, 2].flatMap((layer) => ['query', 'value'].map((part) => [layer, part] as const));
const keyOf = (layer: number, part: string) => `layer_${layer}/attention/${part}/kernel`;
const adapterOf = (layer: number, part: string, side: 'A' | 'B') =>
  `base_model.model.bert.encoder.layer.${layer}.attention.self.${part}.lora_${side}.default.weight`;
const head = {
  'head_logits/kernel': 'base_model.model.classifier.modules_to_save.default.weight',
  'head_logits/bias': 'base_model.model.classifier.modules_to_save.default.bias',
} as const;

// Not a feature of the library yet: what it stands on. An encoder's weights are swapped for anything that is computed of
// what trains (Hu et al., 2022, section 4.1), and gradients arrive there.
test.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('tiny-bert trains low-rank updates on %s as peft does', async (_name, backend) => {
  await useBackend(backend());
  const before = tf.memory().numTensors;
  const model = await startModel();
  const { graph, variables } = networkBehind(model);
  const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
  const texts = tokens.cases.slice(0, 6).map(({ text }) => text);
  const { ids, mask, types, shape } = tokenize(texts, tokenizer);
  const reference = await golden('test/goldens/text/tiny-bert/train-lora.golden.safetensors');
  const first = await golden('test/goldens/text/tiny-bert/lora.start.safetensors');

  const logitsOf = (parameters: Tensors): tf.Tensor2D => {
    const get = (name: string) => parameters[name] as tf.Tensor;
    const updates = adapted.map(([layer, part]) => {
      const key = keyOf(layer, part);
      const update = tf.matMul(
        tf.transpose(get(adapterOf(layer, part, 'A'))),
        tf.transpose(get(adapterOf(layer, part, 'B'))),
      );
      return [key, tf.add(tensorOf(variables, model.lease.values, key), tf.mul(update, alpha / rank))] as const;
    });
    const heads = {
      'head_logits/kernel': tf.transpose(get(head['head_logits/kernel'])),
      'head_logits/bias': get(head['head_logits/bias']),
    };
    return withValues(variables, { ...Object.fromEntries(updates), ...heads }, () => {
      const inputs = [ids, mask, types].map((values) => tf.tensor(values, [...shape], 'int32'));
      const given = new Map(graph.inputs.map((id, i) => [id, { tensor: inputs[i] as tf.Tensor, mask: null }]));
      return execute(graph.applications, given).get(graph.outputs[0] as number)?.tensor as tf.Tensor2D;
    });
  };

  const names = Object.keys(first);
  expect(names.length).toBe(2 * adapted.length + 2);
  const optimizer = chain(clipByGlobalNorm(1), adamw({ weightDecay: 0, epsilon: 1e-8, convention: 'pytorch' }));
  const result = tf.tidy(() => {
    let parameters: Tensors = first;
    let state = optimizer.init(parameters);
    const targets = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), 3);
    const losses = Array.from({ length: steps }, (_, step) => {
      const lossAt = (...current: tf.Tensor[]) => {
        const logits = logitsOf(Object.fromEntries(names.map((name, i) => [name, current[i] as tf.Tensor])));
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(targets, 'float32')), -1))) as tf.Scalar;
      };
      const { value, grads } = tf.valueAndGrads(lossAt)(names.map((name) => parameters[name] as tf.Tensor));
      const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor]));
      const rate = linear({ warmup: 2 }).rateAt(1e-2, step, steps);
      const { updates, state: next } = optimizer.update(gradients, state, parameters, rate);
      parameters = Object.fromEntries(
        names.map((name) => [name, tf.add(parameters[name] as tf.Tensor, updates[name] as tf.Tensor)]),
      );
      state = next;
      return value;
    });
    return {
      losses: difference(tf.stack(losses), reference.losses as tf.Tensor),
      weights: names.map((name) => difference(parameters[name] as tf.Tensor, reference[name] as tf.Tensor)),
      logits: difference(logitsOf(parameters), reference.merged_logits as tf.Tensor),
    };
  });
  const weights = Math.max(...result.weights);
  console.log(`lora on ${tf.getBackend()}: losses ${result.losses}, weights ${weights}, logits ${result.logits}`);
  expect(result.losses).toBeLessThan(1e-4);
  expect(weights).toBeLessThan(1e-4);
  expect(result.logits).toBeLessThan(1e-4);
  disposeStart(model);
  tf.dispose([Object.values(first), Object.values(reference)] as never);
  expect(tf.memory().numTensors).toBe(before);
});
