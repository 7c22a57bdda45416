import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  attachHead,
  dispose,
  fineTune,
  loadBase,
  lora,
  pipe,
  saveModel,
  sequence,
  train,
  useBackend,
} from 'tfjs-transfer';
import { loadAdapter, saveAdapter } from 'tfjs-transfer/adapters';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { classifier, tokenClassifier } from 'tfjs-transfer/heads';
import { loadTokenizer, textExamples, tokenize, wordExamples } from 'tfjs-transfer/text';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { floatsOf } from '../../src/formats/safetensors-values.ts';
import { writeSafetensors } from '../../src/formats/safetensors-write.ts';
import tokens from '../goldens/text/tiny-bert/tokens.golden.json' with { type: 'json' };
import { golden, outputOf, textFolder } from '../support/encoders.ts';
import { difference } from '../support/examples.ts';
import { referenceLora } from '../support/lora-start.ts';

const peft = textFolder('tiny-bert/lora-adapter');
const texts = tokens.cases.slice(0, 6).map(({ text }) => text);
let folder: string;
beforeEach(async () => {
  await useBackend(cpu());
  folder = await mkdtemp(join(tmpdir(), 'adapter-'));
});
afterEach(() => rm(folder, { recursive: true }));

const tensorsIn = async (path: string) =>
  readSafetensors(await readFile(`${path}/adapter_model.safetensors`), path).tensors;
const configIn = async (path: string) => JSON.parse(await readFile(`${path}/adapter_config.json`, 'utf8'));
const fresh = async (labels = ['a', 'b', 'c'], name = 'tiny-bert') => {
  const base = await loadBase(textFolder(name));
  const model = pipe(base, attachHead(classifier(labels)));
  dispose(base);
  return model;
};

describe('an adapter of peft', () => {
  test('gives the logits that peft gave, and is written again as it was', async () => {
    const before = tf.memory().numTensors;
    const model = await fresh();
    const adapted = await loadAdapter(model, peft);
    const { ids, mask, types, shape } = tokenize(texts, await loadTokenizer(textFolder('tiny-bert')));
    const inputs = [ids, mask, types].map((numbers) => tf.tensor(numbers, [...shape], 'int32'));
    const logits = tf.tidy(() => outputOf(adapted, inputs));
    const reference = await golden('test/goldens/text/tiny-bert/train-lora.golden.safetensors');
    expect(difference(logits, reference.merged_logits as tf.Tensor)).toBeLessThan(1e-5);

    await saveAdapter(adapted, folder);
    const [written, given] = [await tensorsIn(folder), await tensorsIn(peft)];
    expect([...written]).toEqual([...given]);
    const [config, theirs] = [await configIn(folder), await configIn(peft)];
    expect([...config.target_modules].sort()).toEqual([...theirs.target_modules].sort());
    expect(config.modules_to_save).toEqual(['classifier']);
    // Every setting is one that peft knows, and has peft's value.
    const others = ['target_modules', 'modules_to_save', 'base_model_name_or_path'];
    for (const key of Object.keys(config).filter((name) => !others.includes(name))) {
      expect({ [key]: config[key] }).toEqual({ [key]: theirs[key] });
    }
    for (const handle of [adapted, model]) dispose(handle);
    tf.dispose([inputs, logits, Object.values(reference)] as never);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('trained here has the names, shapes and settings of one trained there', async () => {
    const before = tf.memory().numTensors;
    const model = await fresh();
    const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
    const data = { train: textExamples(texts, [0, 1, 2, 0, 1, 2], tokenizer) };
    const strategy = sequence(lora(referenceLora), train({ epochs: 1, learningRate: 1e-2 }));
    const { model: tuned } = await fineTune(model, data, strategy);
    await saveAdapter(tuned, folder);
    const [written, given] = [await tensorsIn(folder), await tensorsIn(peft)];
    const listed = (tensors: typeof written) =>
      [...tensors].map(([name, { type, shape }]) => `${name} ${type} [${shape}]`);
    const width = Math.max(...listed(written).map((line) => line.length));
    const rows = listed(written).map((line, i) => `${line.padEnd(width)} | ${listed(given)[i]}`);
    console.log([`${'written here'.padEnd(width)} | written by peft`, ...rows].join('\n'));
    expect(listed(written)).toEqual(listed(given));
    const again = await loadAdapter(model, folder);
    for (const [key, value] of Object.entries(tuned.lease.values)) {
      expect(difference(value, again.lease.values[key] as tf.Tensor)).toBe(0);
    }
    expect(again.layers.map(({ weights }) => weights.map(({ key, shape }) => [key, shape]))).toEqual(
      tuned.layers.map(({ weights }) => weights.map(({ key, shape }) => [key, shape])),
    );
    // The updates go on from where they are.
    const { model: further } = await fineTune(again, data, strategy);
    expect(Object.keys(further.lease.values).sort()).toEqual(Object.keys(tuned.lease.values).sort());
    for (const handle of [further, again, tuned, model]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    ['tiny-distilbert', 'distilbert.transformer.layer.0.attention.q_lin'],
    ['tiny-roberta', 'roberta.encoder.layer.0.attention.self.query'],
  ])('has the names of %s', async (name, module) => {
    const model = await fresh(['a', 'b'], name);
    const tokenizer = await loadTokenizer(textFolder(name));
    const data = { train: textExamples(['a pair', 'a drink'], [0, 1], tokenizer) };
    const { model: tuned } = await fineTune(model, data, sequence(lora(), train({ epochs: 1, learningRate: 1e-2 })));
    await saveAdapter(tuned, folder);
    expect([...(await tensorsIn(folder)).keys()]).toContain(`base_model.model.${module}.lora_A.weight`);
    const again = await loadAdapter(model, folder);
    expect(Object.keys(again.lease.values).sort()).toEqual(Object.keys(tuned.lease.values).sort());
    for (const handle of [again, tuned, model]) dispose(handle);
  });

  test('of a head for tokens is of the task of tokens', async () => {
    const base = await loadBase(textFolder('tiny-bert'), { cut: 'tokens' });
    const model = pipe(base, attachHead(tokenClassifier(['O', 'NAME'])));
    const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
    const data = { train: wordExamples([['a', 'pair']], [[0, 1]], tokenizer) };
    const { model: tuned } = await fineTune(model, data, sequence(lora(), train({ epochs: 1 })));
    await saveAdapter(tuned, folder);
    expect((await configIn(folder)).task_type).toBe('TOKEN_CLS');
    for (const handle of [tuned, model, base]) dispose(handle);
  });

  test('is refused on a base or a head that it does not fit, and where it is no adapter', async () => {
    const before = tf.memory().numTensors;
    const [two, other, model] = [
      await fresh(['a', 'b']),
      await fresh(['a', 'b', 'c'], 'tiny-distilbert'),
      await fresh(),
    ];
    await expect(loadAdapter(two, peft)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /classifier\.weight has the shape \[32,3\], that of the model \[32,2\].*as many labels/,
      ),
    });
    await expect(loadAdapter(other, peft)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /bert\.encoder\.layer\.0\.attention\.self\.query\.lora_A\.weight.*has no such layer/,
      ),
    });
    await expect(loadAdapter(model, folder)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(saveAdapter(model, folder)).rejects.toMatchObject({ code: 'INVALID_ORDER' });
    for (const handle of [two, other, model]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  });

  const query = 'base_model.model.bert.encoder.layer.0.attention.self.query';
  test.each<readonly [string, (file: Written) => void, RegExp]>([
    [
      'a factor twice',
      (file) => file.set('bert.encoder.layer.0.attention.self.query.lora_A.weight', at(file, `${query}.lora_A.weight`)),
      /query\.lora_A\.weight: the file has it twice/,
    ],
    [
      'B without axes',
      (file) => file.set(`${query}.lora_B.weight`, { shape: [], values: Float32Array.of(1) }),
      /B.weight \[\]/,
    ],
    [
      'an empty B',
      (file) => file.set(`${query}.lora_B.weight`, { shape: [0, 2], values: new Float32Array() }),
      /\[0,2\]/,
    ],
    ['half of a head', (file) => file.delete('base_model.model.classifier.bias'), /lacks classifier\.bias/],
    [
      'a kernel in place of an update',
      (file) => file.set(query, at(file, `${query}.lora_B.weight`)),
      /query: .* has no such layer/,
    ],
  ])('with %s is refused, and leaves no tensor', async (_, damage, said) => {
    const model = await fresh();
    const tensors = await tensorsIn(peft);
    const file: Written = new Map(
      [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, values: floatsOf(tensor, name) }]),
    );
    damage(file);
    await writeFile(join(folder, 'adapter_model.safetensors'), writeSafetensors(file, {}));
    await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(await configIn(peft)));
    const before = tf.memory().numTensors;
    await expect(loadAdapter(model, folder)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(said),
    });
    expect(tf.memory().numTensors).toBe(before);
    dispose(model);
  });

  type Written = Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  const at = (file: Written, name: string) => file.get(name) ?? expect.fail(`no ${name}`);

  test('stands beside a model in one folder', async () => {
    const model = await fresh();
    const adapted = await loadAdapter(model, peft);
    await saveModel(adapted, folder);
    await saveAdapter(adapted, folder);
    const again = await loadAdapter(model, folder);
    expect(again.settings).toEqual(adapted.settings);
    for (const handle of [again, adapted, model]) dispose(handle);
  });
});
