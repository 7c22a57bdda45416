import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  adamw,
  attachHead,
  auto,
  chain,
  clipByGlobalNorm,
  dispose,
  evaluate,
  fineTune,
  lastWeights,
  linear,
  linearProbe,
  loadBase,
  loadModel,
  pipe,
  predict,
  saveModel,
  TransferError,
  train,
  unfreeze,
  useBackend,
} from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier, tokenClassifier } from 'tfjs-transfer/heads';
import { labelWords, loadTokenizer, textExamples, wordExamples } from 'tfjs-transfer/text';
import { beforeEach, describe, expect, test } from 'vitest';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import words from '../goldens/text/words.golden.json' with { type: 'json' };
import { golden, textFolder } from '../support/encoders.ts';

const { texts, targets } = words;
const said = (run: () => unknown) =>
  Promise.resolve()
    .then(run)
    .then(
      () => 'nothing was thrown',
      (error) => (error instanceof TransferError ? `${error.code}: ${error.message}` : error),
    );

const largest = (a: readonly number[], b: readonly number[]) => {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
};

beforeEach(() => useBackend(cpu()));

test.each(['tiny-bert', 'byte-pieces'] as const)('words become the pieces of Hugging Face: %s', async (name) => {
  const tokenizer = await loadTokenizer(textFolder(name));
  expect(texts.map((text) => tokenizer.encodeWords(text))).toEqual(
    words[name].map(({ input_ids, words: own }) => ({
      ids: input_ids,
      words: own,
      mask: input_ids.map(() => 1),
      types: input_ids.map(() => 0),
    })),
  );
  const examples = wordExamples(texts, targets, tokenizer);
  const length = Math.max(...words[name].map(({ labels }) => labels.length));
  expect(examples.targets).toEqual(
    words[name].map(({ labels }) => [...labels, ...new Array(length - labels.length).fill(-1)]),
  );
  expect(examples.length).toBe(length);
});

const head = tokenClassifier(['a', 'b', 'c']);

describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('a classifier of tokens on %s', (_name, backend) => {
  test('trains as PyTorch trains one, and is measured by the tokens that have a label', async () => {
    await useBackend(backend());
    const before = tf.memory().numTensors;
    const reference = await golden('test/goldens/text/tiny-bert/train-tokens.golden.safetensors');
    const numbers = (name: string) => [...(reference[name] as tf.Tensor).dataSync()];
    const base = await loadBase(textFolder('tiny-bert'), { cut: 'tokens' });
    expect(base.outputShape).toEqual([null, 32]);
    const start = pipe(base, attachHead(head), unfreeze());
    const values = start.lease.values as Record<string, tf.Tensor>;
    const own = Object.fromEntries(Object.keys(values).map((key) => [key, values[key]]));
    values['head_logits/kernel'] = tf.transpose(reference['start.weight'] as tf.Tensor);
    values['head_logits/bias'] = tf.clone(reference['start.bias'] as tf.Tensor);

    const examples = wordExamples(texts, targets, await loadTokenizer(textFolder('tiny-bert')));
    const phase = train({
      epochs: 8,
      learningRate: 2e-3,
      schedule: linear({ warmup: 2 }),
      optimizer: chain(
        clipByGlobalNorm(1),
        adamw({ weightDecay: 0.01, decays: 'matrices', epsilon: 1e-8, convention: 'pytorch' }),
      ),
      callbacks: [lastWeights()],
    });
    const { model, history } = await fineTune(start, { train: examples }, [phase]);
    const losses = history.phases.flatMap((one) => one.epochs.map(({ loss }) => loss));
    expect(largest(losses, numbers('losses'))).toBeLessThan(1e-4);
    const kernel = tensorOf(networkBehind(model).variables, model.lease.values, 'head_logits/kernel');
    const learned = tf.tidy(() => [...tf.transpose(kernel).dataSync()]);
    expect(largest(learned, numbers('weight'))).toBeLessThan(1e-4);

    // In batches that hold unequal numbers of labels.
    for (const batchSize of [1, 3, 4]) {
      const { loss, metrics, outcome, confusion, perClass } = await evaluate(model, examples, { batchSize });
      expect(Math.abs(loss - (numbers('loss')[0] as number))).toBeLessThan(1e-4);
      expect(metrics.accuracy).toBeCloseTo(numbers('accuracy')[0] as number, 6);
      expect(outcome.targets).toEqual(words['tiny-bert'].flatMap(({ labels }) => labels.filter((label) => label >= 0)));
      const scores = outcome.scores.flatMap((row) => [...row]);
      expect(largest(scores, numbers('scores'))).toBeLessThan(1e-4);
      expect([confusion.flat().reduce((sum, count) => sum + count), perClass.length]).toEqual([40, 3]);
    }

    const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
    const [labelled, whole] = [await labelWords(model, texts[1] as string[], tokenizer), numbers('scores')];
    expect(labelled.map(({ word, index }) => [word, index])).toEqual(texts[1]?.slice(0, 4).map((word, i) => [word, i]));
    for (const [i, { label, score }] of labelled.entries()) {
      const row = whole.slice((4 + i) * 3, (5 + i) * 3);
      expect(['a', 'b', 'c'][row.indexOf(Math.max(...row))]).toBe(label);
      expect(score).toBeCloseTo(Math.max(...row), 4);
    }

    tf.dispose([own, values['head_logits/kernel'], values['head_logits/bias']] as never);
    for (const handle of [model, start, base]) dispose(handle);
    tf.dispose(Object.values(reference));
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('it is cached, saved, loaded and measured like any model', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'words-'));
  const before = tf.memory().numTensors;
  const [base, tokenizer] = await Promise.all([
    loadBase(textFolder('tiny-distilbert'), { cut: 'tokens' }),
    loadTokenizer(textFolder('tiny-distilbert')),
  ]);
  const model = pipe(base, attachHead(head));
  const data = splitExamples(wordExamples(texts, targets, tokenizer), { validation: 0.25 });
  const { model: tuned } = await fineTune(model, data, linearProbe({ epochs: 3 }), { seed: 1 });
  await saveModel(tuned, folder);
  const loaded = await loadModel(folder);
  const text = texts[0] as string[];
  expect(await labelWords(loaded, text, tokenizer)).toEqual(await labelWords(tuned, text, tokenizer));
  expect((await auto([cpu()], model)).backend.name).toBe('cpu');
  for (const handle of [loaded, tuned, model, base]) dispose(handle);
  expect(tf.memory().numTensors).toBe(before);
  await rm(folder, { recursive: true });
});

test('what does not fit together is refused, and says what does', async () => {
  const folder = textFolder('tiny-bert');
  const [vectors, sequences, tokenizer] = await Promise.all([
    loadBase(folder, { cut: 'mean' }),
    loadBase(folder, { cut: 'tokens' }),
    loadTokenizer(folder),
  ]);
  expect(await said(() => pipe(vectors, attachHead(head)))).toMatch(
    /^INVALID_MODEL: .*a head for tokens reads \[tokens, width\]\. Load it with { cut: 'tokens' }/,
  );
  expect(await said(() => pipe(sequences, attachHead(classifier(['a', 'b']))))).toMatch(
    /^INVALID_MODEL: .*gives a vector for each token; .* { cut: 'mean' }/,
  );
  const model = pipe(sequences, attachHead(head));
  expect(
    await said(() =>
      predict(model, [
        [2, 3],
        [1, 1],
        [0, 0],
      ]),
    ),
  ).toMatch(/^INVALID_ARGUMENT: .*labelWords\(model/);
  expect(await said(() => labelWords(vectors as never, ['a'], tokenizer))).toMatch(/^INVALID_ARGUMENT: labelWords rec/);
  expect(await said(() => labelWords(model, 'a pair' as never, tokenizer))).toMatch(
    /^INVALID_DATA: labelWords: text 0 of 1: A text is a string; its words were expected/,
  );
  for (const [given, labels, sentence] of [
    [[['a', 'b']], [[0]], /text 0 has 2 words and 1 targets/],
    [[['a']], [], /there are 1 texts|text 0 has 1 words and no targets/],
    [[], [], /there are 0 texts and 0 targets/],
    [[['a', 3]], [[0, 1]], /text 0 of 1: A text is no array of strings/],
  ] as const) {
    expect(await said(() => wordExamples(given as never, labels as never, tokenizer))).toMatch(sentence);
  }
  const run = (examples: ReturnType<typeof wordExamples>) =>
    said(() => fineTune(model, { train: examples }, linearProbe({ epochs: 1 })));
  expect(await run(wordExamples([['a', 'pair']], [[0, 3]], tokenizer))).toMatch(
    /^INVALID_DATA: The target of text 0 in the train split is \[-1,0,3,-1\]; .* a class index from 0 to 2 \(a, b, c\) or -1 for each token/,
  );
  expect(await run(textExamples(['a pair'], [1], tokenizer))).toMatch(/^INVALID_DATA: The target of text 0 .* is 1;/);
  for (const handle of [model, vectors, sequences]) dispose(handle);
});
