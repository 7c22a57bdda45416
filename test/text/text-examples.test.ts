import * as tf from '@tensorflow/tfjs-core';
import {
  attachHead,
  dispose,
  fineTuneSteps,
  linearProbe,
  loadBase,
  pipe,
  TransferError,
  useBackend,
} from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { loadTokenizer, type Tokenizer, textExamples } from 'tfjs-transfer/text';
import { beforeAll, expect, test } from 'vitest';
import { textFolder } from '../support/encoders.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  await useBackend(cpu());
  tokenizer = await loadTokenizer(textFolder('tiny-bert'));
});

const input = { shape: [null], dtype: 'int32', scale: 1, offset: 0 } as const;
const thrownBy = async (run: () => unknown) => {
  const error = await Promise.resolve()
    .then(run)
    .catch((error) => error);
  return error instanceof TransferError ? `${error.code}: ${error.message}` : error;
};

test('texts are read in any order, as many inputs as the model has, padded to the longest of all', async () => {
  const before = tf.memory().numTensors;
  const examples = textExamples(['a pair', '', ['a pair', 'a pair']], [0, 1, 0], tokenizer);
  expect([examples.size, examples.targets, examples.describe(2)]).toEqual([3, [0, 1, 0], 'text 2']);
  const three = await examples.read([1, 0], { inputs: [input, input, input] });
  expect(await Promise.all(three.map((tensor) => tensor.array()))).toEqual([
    [
      [2, 3, 0, 0, 0, 0, 0],
      [2, 19, 173, 3, 0, 0, 0],
    ],
    [
      [1, 1, 0, 0, 0, 0, 0],
      [1, 1, 1, 1, 0, 0, 0],
    ],
    new Array(2).fill(new Array(7).fill(0)),
  ]);
  const two = await examples.read([2], { inputs: [input, input] });
  expect(await Promise.all(two.map((tensor) => tensor.array()))).toEqual([
    [[2, 19, 173, 3, 19, 173, 3]],
    [new Array(7).fill(1)],
  ]);
  expect(new Set([...three, ...two].map(({ dtype }) => dtype))).toEqual(new Set(['int32']));
  tf.dispose([...three, ...two]);
  expect(tf.memory().numTensors).toBe(before);
});

test('what cannot be an example is refused', async () => {
  expect(await thrownBy(() => textExamples(['a', 'b'], [0], tokenizer))).toMatch(
    /^INVALID_DATA: textExamples: there are 2 texts and 1 targets/,
  );
  expect(await thrownBy(() => textExamples([], [], tokenizer))).toMatch(
    /^INVALID_DATA: textExamples: there are 0 texts and 0/,
  );
  expect(await thrownBy(() => textExamples(['a'], 0 as never, tokenizer))).toMatch(/1 texts and no targets/);
  expect(await thrownBy(() => textExamples(['a', 3 as never], [0, 1], tokenizer))).toMatch(
    /^INVALID_DATA: textExamples: text 1 of 2: A text is number/,
  );
  expect(await thrownBy(() => textExamples(['a'], [0], undefined as never))).toMatch(
    /^INVALID_ARGUMENT: textExamples received no tokenizer/,
  );
  const pictures = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])));
  const run = async () => {
    for await (const _ of fineTuneSteps(
      pictures,
      { train: textExamples(['a', 'b'], [0, 1], tokenizer) },
      linearProbe(),
    ));
  };
  expect(await thrownBy(run)).toMatch(/INVALID_DATA.*the model reads no tokens/);
  dispose(pictures);
});

test('each text goes through a frozen base once, and not again in later epochs', async () => {
  const before = tf.memory().numTensors;
  const base = await loadBase(textFolder('tiny-bert'), { cut: 'mean' });
  const model = pipe(base, attachHead(classifier(['a', 'b'])));
  const texts = ['soup', 'never', 'drink', 'again', 'quick soup', 'long drink'];
  const data = splitExamples(textExamples(texts, [0, 1, 0, 1, 0, 1], tokenizer), { validation: 0.34 });
  let features = 0;
  let epochs = 0;
  for await (const event of fineTuneSteps(model, data, linearProbe({ epochs: 4 }))) {
    if (event.kind === 'features') features = event.split === 'train' ? Math.max(features, event.done) : features;
    if (event.kind === 'epoch') epochs = event.epoch;
    if (event.kind === 'done') dispose(event.model);
  }
  expect([features, epochs]).toEqual([4, 4]);
  dispose(model);
  dispose(base);
  expect(tf.memory().numTensors).toBe(before);
});
