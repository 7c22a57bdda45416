import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  attachHead,
  type Base,
  dispose,
  type Edit,
  evaluate,
  fineTune,
  freeze,
  lastWeights,
  loadBase,
  loadModel,
  pipe,
  saveModel,
  TransferError,
  train,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { classifier } from 'tfjs-transfer/heads';
import { loadTokenizer, textExamples } from 'tfjs-transfer/text';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DroppingLayer } from '../../src/model/encoder/layer-class.ts';
import { execute } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { golden, inputsOf, textFolder } from '../support/encoders.ts';
import { difference } from '../support/examples.ts';

const names = ['tiny-bert', 'tiny-distilbert', 'tiny-roberta'] as const;
const ratesOf = (name: string, rate: number, attention: number) =>
  name === 'tiny-distilbert'
    ? { dropout: rate, attention_dropout: attention }
    : { hidden_dropout_prob: rate, attention_probs_dropout_prob: attention };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dropout-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** An encoder of the goldens whose config.json says other rates. */
async function encoder(name: string, rates: object): Promise<Base> {
  const own = join(folder, `${name}-${Object.values(rates)}`);
  await cp(textFolder(name), own, { recursive: true });
  const config = JSON.parse(await readFile(join(own, 'config.json'), 'utf8'));
  await writeFile(join(own, 'config.json'), JSON.stringify({ ...config, ...rates }));
  return loadBase(own, { cut: 'mean' });
}

/** Drops what test/goldens/generate/dropout.py drops. */
const dropped = (x: tf.Tensor, rate: number) => {
  const numbers = Float32Array.from({ length: x.size }, (_, k) =>
    (7919 * k) % 256 >= 256 * rate ? 1 / (1 - rate) : 0,
  );
  return tf.mul(x, tf.tensor(numbers, x.shape));
};

describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('on %s', (_name, backend) => {
  test.each(names)('%s drops what PyTorch drops, where it drops it', async (name) => {
    await useBackend(backend());
    const before = tf.memory().numTensors;
    const base = await encoder(name, ratesOf(name, 0.25, 0.5));
    const tensors = await golden(`test/goldens/text/${name}/dropout.golden.safetensors`);
    const { graph } = networkBehind(base);
    const inputs = inputsOf(tensors);
    const given = new Map(graph.inputs.map((id, i) => [id, { tensor: inputs[i] as tf.Tensor, mask: null }]));
    const top = graph.applications.filter(({ layer }) => layer.getClassName() === 'TextBlock').at(-1);
    const off = tf.tidy(() => {
      const values = execute(graph.applications, given, ({ layer }, some) =>
        (layer as unknown as DroppingLayer).callDropping(some, dropped),
      );
      const output = values.get(top?.outputs[0] as number)?.tensor as tf.Tensor;
      return difference(output, tensors.last_hidden_state as tf.Tensor);
    });
    expect(off).toBeLessThan(2e-5);
    dispose(base);
    tf.dispose(Object.values(tensors));
    expect(tf.memory().numTensors).toBe(before);
  });
});

const texts = ['The soup was quick.', 'Never again!', 'a pair', 'quick service', 'long drink', 'cold soup'];

/** The losses of a run and the bits that it leaves. */
async function run(base: Base, edit: Edit, seed: number) {
  const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
  const examples = textExamples(texts, [0, 1, 0, 1, 0, 1], tokenizer);
  const model = pipe(base, attachHead(classifier(['good', 'bad'])), edit);
  const phase = train({ epochs: 3, batchSize: 4, learningRate: 1e-3, callbacks: [lastWeights()] });
  const { model: tuned, history } = await fineTune(model, { train: examples, validation: examples }, [phase], { seed });
  const { variables } = networkBehind(tuned);
  const bits = [...variables.keys()].map((key) =>
    new Int32Array(Float32Array.from(tensorOf(variables, tuned.lease.values, key).dataSync()).buffer).join(),
  );
  const epochs = history.phases.flatMap((one) => one.epochs);
  const { loss } = await evaluate(tuned, examples);
  dispose(tuned);
  dispose(model);
  return { bits, losses: epochs.map((one) => one.loss), validated: epochs.at(-1)?.validation?.loss, evaluated: loss };
}

test('dropout trains what the seed says, and is off below the frontier, in validation and after', async () => {
  await useBackend(cpu());
  const before = tf.memory().numTensors;
  const base = await encoder('tiny-bert', ratesOf('tiny-bert', 0.2, 0.3));
  const plain = await encoder('tiny-bert', ratesOf('tiny-bert', 0, 0));
  const one = await run(base, unfreezeTop(1), 1);
  expect(await run(base, unfreezeTop(1), 1)).toEqual(one);
  expect((await run(base, unfreezeTop(1), 2)).losses[1]).not.toBe(one.losses[1]);
  // Epoch 0 is the validation before the first step.
  const without = await run(plain, unfreezeTop(1), 1);
  expect(without.losses[0]).toBe(one.losses[0]);
  expect(without.losses[1]).not.toBe(one.losses[1]);
  expect(one.evaluated).toBeCloseTo(one.validated as number, 6);
  // All blocks are frozen, and computed once: nothing of them is dropped.
  expect(await run(base, freeze(), 1)).toEqual(await run(plain, freeze(), 1));
  // No bit of the lowest blocks moves, and dropout reaches the top one alone.
  expect(one.bits.filter((bits, i) => bits !== without.bits[i]).length).toBeLessThan(20);
  dispose(base);
  dispose(plain);
  expect(tf.memory().numTensors).toBe(before);
});

test('a saved encoder keeps its dropout', async () => {
  await useBackend(cpu());
  const base = await encoder('tiny-bert', ratesOf('tiny-bert', 0.2, 0.3));
  const model = pipe(base, attachHead(classifier(['good', 'bad'])));
  await saveModel(model, join(folder, 'saved'));
  const loaded = await loadModel(join(folder, 'saved'));
  const settingsOf = (handle: typeof model) =>
    networkBehind(handle).graph.applications.map(({ layer }) => layer.getConfig().settings);
  expect(settingsOf(loaded)).toEqual(settingsOf(model));
  expect(settingsOf(model)[1]).toMatchObject({ dropout: 0.2, attentionDropout: 0.3, attendedDropout: 0.2 });
  for (const handle of [loaded, model, base]) dispose(handle);
});

test('a rate that is none is refused', async () => {
  await useBackend(cpu());
  for (const rate of [1, -0.1, '0.1', true]) {
    const error = await encoder('tiny-bert', { hidden_dropout_prob: rate }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TransferError);
    expect(error.message).toContain(`says hidden_dropout_prob: ${JSON.stringify(rate)}, where a share from 0`);
  }
});
