import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import {
  asBase,
  attachHead,
  type Base,
  dispose,
  evaluate,
  explain,
  fineTune,
  linearProbe,
  loadBase,
  pipe,
  predict,
  sequence,
  TransferError,
  type TransferModel,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { sweep } from 'tfjs-transfer/analyse';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { fromArrays, splitExamples } from 'tfjs-transfer/data';
import { classifier, multiLabel } from 'tfjs-transfer/heads';
import { embed, loadTokenizer, textExamples, tokenize } from 'tfjs-transfer/text';
import { describe, expect, test } from 'vitest';
import { textFolder } from '../support/encoders.ts';

const said = (run: () => unknown) =>
  Promise.resolve()
    .then(run)
    .then(
      () => 'nothing was thrown',
      (error) => (error instanceof TransferError ? `${error.code}: ${error.message}` : error),
    );

describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('on %s', (_name, backend) => {
  test('the tokens of another base, and more than there are positions, are refused with what to do', async () => {
    await useBackend(backend());
    const before = tf.memory().numTensors;
    const base: Base = await loadBase(textFolder('tiny-bert'));
    const model: TransferModel = pipe(base, attachHead(classifier(['a', 'b'])));
    // It has 290 ids, and the base 201.
    const other = await loadTokenizer(textFolder('byte-pieces'));
    const examples = textExamples(['a', 'quick soup'], [0, 1], other);
    const sentence = (what: string) =>
      new RegExp(
        `^INVALID_DATA: ${what} has the id 2\\d\\d in input 1, and the base knows 201, from 0 to 200\\. Take .*folder`,
      );
    expect(await said(() => fineTune(model, { train: examples }, linearProbe({ epochs: 1 })))).toMatch(
      sentence('text \\d'),
    );
    expect(await said(() => fineTune(unfreeze()(model), { train: examples }, [train({ epochs: 1 })]))).toMatch(
      sentence('text \\d'),
    );
    expect(await said(() => evaluate(model, examples))).toMatch(sentence('text \\d'));
    expect(await said(() => embed(base, ['quick soup'], other))).toMatch(sentence('embed: text 0 of its batch'));
    expect(
      await said(() =>
        predict(model, [
          [2, 201, 3],
          [1, 1, 1],
          [0, 0, 0],
        ]),
      ),
    ).toMatch(sentence('predict: the input'));
    expect(
      await said(() =>
        predict(model, [
          [2, -1, 3],
          [1, 1, 1],
          [0, 0, 0],
        ]),
      ),
    ).toMatch(/the id -1 in input 1/);
    expect(
      await said(() =>
        predict(model, [
          [2, 200, 3],
          [1, 1, 1],
          [0, 2, 0],
        ]),
      ),
    ).toMatch(/id 2 in input 3, and the base knows 2, f/);
    const row = (value: number, length: number) => new Array<number>(length).fill(value);
    expect(await said(() => predict(model, [row(5, 32), row(1, 32), row(0, 32)]))).toBe('nothing was thrown');
    expect(await said(() => predict(model, [row(5, 33), row(1, 33), row(0, 33)]))).toBe(
      'INVALID_DATA: A text has 33 tokens, and the base has 32 positions. Truncate texts: loadTokenizer(folder, { length: 32 }).',
    );
    dispose(model);
    dispose(base);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('indices that an Embedding of Keras has no row for are refused, too', async () => {
  await useBackend(wasm());
  const words = tfl.sequential({
    layers: [tfl.layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 2 }), tfl.layers.flatten()],
  });
  const model = pipe(asBase(words), attachHead(classifier(['a', 'b'])));
  expect(await said(() => predict(model, [1, 4]))).toBe('nothing was thrown');
  expect(await said(() => predict(model, [1, 5]))).toMatch(/id 5 in input 1, and the base knows 5, from 0 to 4/);
  const examples = fromArrays(
    [
      [1, 4],
      [7, 0],
    ],
    [0, 1],
  );
  expect(await said(async () => evaluate(model, await examples))).toMatch(
    /^INVALID_DATA: .*1.* has the id 7 in input 1/,
  );
  dispose(model);
  words.dispose();
});

test('a tokenizer with more ids than its encoder has words is refused where it is loaded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vocabulary-'));
  await cp(textFolder('tiny-bert'), folder, { recursive: true });
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, vocab_size: 200 }));
  expect(await said(() => loadTokenizer(folder))).toMatch(
    /^INVALID_MODEL: .* has the token ".*" with the id 200, and its config\.json says vocab_size: 200\. Take both files from one/,
  );
  await rm(folder, { recursive: true });
});

test('texts may be empty or huge', async () => {
  const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
  const huge = 'a quick soup, 12.5 % '.repeat(10_000);
  const { shape, ids } = tokenize(['', ' \n\t ', huge, '\0\uFFFD\uD800', [huge, '']], tokenizer);
  expect(shape).toEqual([5, 32]);
  expect([...ids.slice(0, 3), ...ids.slice(32, 35)]).toEqual([2, 3, 0, 2, 3, 0]);
});

test('the cache of texts is counted by their length, and a head for several labels trains', async () => {
  await useBackend(cpu());
  const [base, tokenizer] = await Promise.all([
    loadBase(textFolder('tiny-bert'), { cut: 'mean' }),
    loadTokenizer(textFolder('tiny-bert')),
  ]);
  const texts = ['a quick soup', 'never', ['a pair', 'again'], 'long drink'] as const;
  const all = textExamples(
    texts,
    [
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ],
    tokenizer,
  );
  const data = splitExamples(all, { validation: 0.25 });
  const model = pipe(base, attachHead(multiLabel(['a', 'b'])));
  const length = all.length as number;
  expect(length).toBeGreaterThan(5);
  const strategy = sequence(linearProbe({ epochs: 1 }), unfreezeTop(1), train({ epochs: 1 }));
  // The mean's 32 numbers; then those of each token below the top block, and its mask.
  const [probe, top] = explain(model, strategy, data);
  // The probe goes on from the lower frontier.
  expect([probe?.bytesPerExample, probe?.cacheBytes]).toEqual([4 * 32, 4 * (4 * 32 + 4 * length * 33)]);
  expect([top?.bytesPerExample, top?.cacheBytes]).toEqual([4 * length * 33, 4 * 4 * length * 33]);
  expect(explain(model, strategy)[1]?.bytesPerExample).toBe(4 * 33);

  // A budget that holds what is counted is not exceeded, and one byte less is.
  const above = sequence(unfreezeTop(1), train({ epochs: 1 }));
  const exceeded = async (cacheBytes: number) => {
    const kinds: string[] = [];
    const onEvent = ({ kind }: { readonly kind: string }) => kinds.push(kind);
    const { model: tuned, history } = await fineTune(model, data, above, { cacheBytes, onEvent });
    expect(history.phases[0]?.epochs.at(-1)?.validation?.metrics.accuracy).toBeGreaterThanOrEqual(0);
    dispose(tuned);
    return kinds.includes('cacheExceeded');
  };
  expect(await exceeded(top?.cacheBytes as number)).toBe(false);
  expect(await exceeded((top?.cacheBytes as number) - 1)).toBe(true);
  const sweeping = async (cacheBytes: number) => {
    const kinds: string[] = [];
    await sweep(model, [above], data, { budget: 1, cacheBytes, onEvent: ({ kind }) => kinds.push(kind) });
    return kinds.includes('cacheExceeded');
  };
  expect(await sweeping(top?.cacheBytes as number)).toBe(false);
  expect(await sweeping((top?.cacheBytes as number) - 1)).toBe(true);
  dispose(model);
  dispose(base);
});
