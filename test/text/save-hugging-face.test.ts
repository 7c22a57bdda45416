import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  attachHead,
  type Base,
  dispose,
  fineTune,
  type Head,
  loadBase,
  loadModel,
  pipe,
  saveModel,
  TransferError,
  type TransferModel,
  train,
  unfreeze,
  useBackend,
} from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { classifier, mlp, multiLabel, tokenClassifier } from 'tfjs-transfer/heads';
import { loadTokenizer, saveHuggingFace, textExamples, wordExamples } from 'tfjs-transfer/text';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { floatsOf } from '../../src/formats/safetensors-values.ts';
import { type WritableTensor, writeSafetensors } from '../../src/formats/safetensors-write.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { textFolder } from '../support/encoders.ts';

let folder: string;
beforeEach(async () => {
  await useBackend(cpu());
  folder = await mkdtemp(join(tmpdir(), 'hugging-face-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The bits of each tensor of a file, by `name shape`. */
async function bitsIn(path: string): Promise<Readonly<Record<string, string>>> {
  const { tensors } = readSafetensors(await readFile(path), path);
  return Object.fromEntries(
    [...tensors].map(([name, tensor]) => {
      const floats = Float32Array.from(floatsOf(tensor, name));
      return [`${name} ${tensor.shape}`, new Int32Array(floats.buffer).join()];
    }),
  );
}

/** Gives the dense layers of a head the weights of a file, which are PyTorch's. */
async function withHead(model: TransferModel, path: string, names: readonly string[]): Promise<void> {
  const { tensors } = readSafetensors(await readFile(path), path);
  const values = model.lease.values as Record<string, tf.Tensor>;
  const keys = model.layers.filter(({ part }) => part === 'head').flatMap(({ weights }) => weights);
  for (const [index, { key }] of keys.entries()) {
    const tensor = tensors.get(names[index] as string);
    if (!tensor) throw new Error(`no ${names[index]} in ${path}`);
    const given = tf.tidy(() => tf.transpose(tf.tensor(floatsOf(tensor, key), [...tensor.shape])).dataSync());
    values[key]?.dataSync().set(given);
  }
}

const configIn = async (place: string) => JSON.parse(await readFile(join(place, 'config.json'), 'utf8'));
const three = classifier(['a', 'b', 'c']);
const bertStart = 'test/goldens/text/tiny-bert/classifier.start.safetensors';
const weightsOf = (name: string) => join(textFolder(name), 'model.safetensors');
const layer = (name: string) => [`${name}.weight`, `${name}.bias`];

test.each([
  ['tiny-bert', 'pooler', three, bertStart, layer('classifier'), 'BertForSequenceClassification'],
  [
    'tiny-distilbert',
    'first',
    mlp(three, { hidden: [32] }),
    weightsOf('tiny-distilbert'),
    [...layer('pre_classifier'), ...layer('classifier')],
    'DistilBertForSequenceClassification',
  ],
] as const)(
  '%s is saved as the file that PyTorch saved, bit for bit',
  async (name, cut, head, file, names, expected) => {
    const before = tf.memory().numTensors;
    const base = await loadBase(textFolder(name), { cut });
    const model = pipe(base, attachHead(head));
    await withHead(model, file, names);
    await saveHuggingFace(model, folder, { tokenizer: await loadTokenizer(textFolder(name)) });
    expect(await bitsIn(join(folder, 'model.safetensors'))).toEqual(await bitsIn(file));
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'sentence_bert_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const config = await configIn(folder);
    expect(config).toMatchObject({
      architectures: [expected],
      id2label: { 0: 'a', 1: 'b', 2: 'c' },
      label2id: { a: 0, b: 1, c: 2 },
      problem_type: 'single_label_classification',
    });
    // What both say, they say alike.
    const own = await configIn(textFolder(name));
    for (const key of Object.keys(config).filter((one) => one in own && !/label|architectures|dropout/.test(one)))
      expect([key, config[key]]).toEqual([key, own[key]]);
    dispose(model);
    dispose(base);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('the pooler of RoBERTa is saved as the first layer of its head, too', async () => {
  const source = join(folder, 'source');
  await cp(textFolder('tiny-roberta'), source, { recursive: true });
  const file = weightsOf('tiny-roberta');
  const { tensors } = readSafetensors(await readFile(file), file);
  // The file has a head and no pooler; both compute the same.
  const all = [...tensors].flatMap(([name, tensor]): [string, WritableTensor][] => {
    const values = { shape: tensor.shape, values: Float32Array.from(floatsOf(tensor, name)) };
    const copy = name.replace('classifier.dense', 'roberta.pooler.dense');
    return copy === name
      ? [[name, values]]
      : [
          [name, values],
          [copy, values],
        ];
  });
  await writeFile(join(source, 'model.safetensors'), writeSafetensors(new Map(all)));
  const [base, tokenizer] = await Promise.all([loadBase(source), loadTokenizer(source)]);
  const model = pipe(base, attachHead(three));
  await withHead(model, file, layer('classifier.out_proj'));
  const saved = join(folder, 'saved');
  await saveHuggingFace(model, saved, { tokenizer });
  expect((await configIn(saved)).architectures).toEqual(['RobertaForSequenceClassification']);
  const bits = await bitsIn(join(saved, 'model.safetensors'));
  expect(bits).toEqual(await bitsIn(join(source, 'model.safetensors')));
  expect(bits).toMatchObject(await bitsIn(file));
  const again = await loadBase(saved);
  expect(bitsOf(again)).toEqual(bitsOf(base));
  for (const handle of [again, model, base]) dispose(handle);
});

/** The weights of an encoder and what they make of tokens, as bits. */
function bitsOf(handle: Base | TransferModel): Readonly<Record<string, string>> {
  const { variables } = networkBehind(handle);
  const keys = handle.layers.flatMap(({ part, weights }) => (part === 'base' ? weights : []));
  return Object.fromEntries(
    keys.map(({ key }) => {
      const numbers = Float32Array.from(tensorOf(variables, handle.lease.values, key).dataSync());
      return [key, new Int32Array(numbers.buffer).join()];
    }),
  );
}

const combinations: readonly (readonly [string, 'pooler' | 'mean' | 'first' | 'tokens' | 'layer_0', Head, string])[] = [
  ['tiny-bert', 'pooler', multiLabel(['a', 'b']), 'BertForSequenceClassification'],
  ['tiny-bert', 'mean', three, 'BertModel'],
  ['tiny-bert', 'layer_0', three, 'BertModel'],
  ['tiny-bert', 'tokens', tokenClassifier(['a', 'b']), 'BertForTokenClassification'],
  ['tiny-distilbert', 'first', three, 'DistilBertModel'],
  ['tiny-distilbert', 'tokens', tokenClassifier(['a', 'b']), 'DistilBertForTokenClassification'],
  ['tiny-roberta', 'mean', three, 'RobertaModel'],
  ['tiny-roberta', 'tokens', tokenClassifier(['a', 'b']), 'RobertaForTokenClassification'],
];
test.each(combinations)(
  '%s, cut at %s, is tuned, saved and read back bit for bit',
  async (name, cut, head, expected) => {
    const before = tf.memory().numTensors;
    const [base, tokenizer] = await Promise.all([loadBase(textFolder(name), { cut }), loadTokenizer(textFolder(name))]);
    const start = pipe(base, attachHead(head), unfreeze());
    const examples =
      head.task === 'tokenClassification'
        ? wordExamples(
            [
              ['quick', 'soup'],
              ['a', 'pair'],
            ],
            [
              [0, 1],
              [1, 0],
            ],
            tokenizer,
          )
        : textExamples(
            ['quick soup', 'a pair'],
            head.task === 'multiLabel'
              ? [
                  [0, 1],
                  [1, 1],
                ]
              : [0, 2],
            tokenizer,
          );
    const { model } = await fineTune(start, { train: examples }, [train({ epochs: 2 })], { seed: 1 });
    await saveHuggingFace(model, folder, { tokenizer });
    expect((await configIn(folder)).architectures).toEqual([expected]);

    const [again, tokens] = await Promise.all([loadBase(folder), loadTokenizer(folder)]);
    expect(bitsOf(again)).toEqual(bitsOf(model));
    expect(bitsOf(again)).not.toEqual(bitsOf(base));
    expect(again.outputShape).toEqual(base.outputShape);
    expect(again.layers.map(({ path }) => path)).toEqual(base.layers.map(({ path }) => path));
    expect(tokens.encode('quick soup')).toEqual(tokenizer.encode('quick soup'));
    const hasFile = (await readdir(folder)).includes('head.safetensors');
    expect(hasFile).toBe(expected.endsWith('Model'));
    if (hasFile) {
      const saved = await readFile(join(folder, 'head.safetensors'));
      const { tensors, metadata } = readSafetensors(saved, 'head');
      expect([...tensors].map(([key, { shape }]) => [key, shape])).toEqual([
        ['head_logits.bias', [head.labels.length]],
        ['head_logits.weight', [head.labels.length, 32]],
      ]);
      expect(JSON.parse(metadata.get('head') as string)).toEqual(JSON.parse(JSON.stringify(head)));
      expect(metadata.get('reads')).toBe(cut === 'layer_0' ? 'mean' : cut);
    }
    for (const handle of [again, model, start, base]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('a base alone is saved, and a model beside it stays whole', async () => {
  const [base, tokenizer] = await Promise.all([
    loadBase(textFolder('tiny-roberta'), { cut: 'mean' }),
    loadTokenizer(textFolder('tiny-roberta')),
  ]);
  const model = pipe(base, attachHead(three));
  await saveModel(model, folder);
  await saveHuggingFace(base, folder, { tokenizer });
  dispose(await loadModel(folder));
  const again = await loadBase(join(folder, 'config.json'));
  expect(bitsOf(again)).toEqual(bitsOf(base));
  for (const handle of [again, model, base]) dispose(handle);
});

test('the length of the tokenizer is saved with it', async () => {
  const base = await loadBase(textFolder('tiny-bert'));
  await saveHuggingFace(base, folder, { tokenizer: await loadTokenizer(textFolder('tiny-bert'), { length: 7 }) });
  expect((await loadTokenizer(folder)).length).toBe(7);
  dispose(base);
});

test('what cannot be saved so is refused, and nothing is written', async () => {
  const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
  const pictures = tinyCnn({ size: 16 });
  const said = (run: Promise<unknown>) =>
    run.then(
      () => 'nothing',
      (error) => (error instanceof TransferError ? `${error.code}: ${error.message}` : error),
    );
  expect(await said(saveHuggingFace(pictures, folder, { tokenizer }))).toMatch(
    /^UNSUPPORTED: saveHuggingFace: ".*" has the layer .*, which no folder of an encoder has.* saveModel/,
  );
  expect(await said(saveHuggingFace(pictures, folder, {} as never))).toMatch(
    /^INVALID_ARGUMENT: saveHuggingFace received no tokenizer/,
  );
  expect(await said(saveHuggingFace(7 as never, folder, { tokenizer }))).toMatch(/^INVALID_ARGUMENT: .*no model/);
  expect(await said(saveHuggingFace(pictures, 'https://a.b/c', { tokenizer }))).toMatch(
    /^INVALID_ARGUMENT: The target of saveHuggingFace is no store/,
  );
  expect(await readdir(folder)).toEqual([]);
  dispose(pictures);
});
