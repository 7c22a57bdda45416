import * as tf from '@tensorflow/tfjs-core';
import { attachHead, dispose, loadBase, pipe, TransferError, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { classifier } from 'tfjs-transfer/heads';
import { cosineSimilarity, embed, loadTokenizer } from 'tfjs-transfer/text';
import { expect, test } from 'vitest';
import tokens from '../goldens/text/tiny-bert/tokens.golden.json' with { type: 'json' };
import { golden, miniLm, needsEncoder, textFolder } from '../support/encoders.ts';

const texts = tokens.cases.slice(0, 6).map(({ text }) => text);
const largest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));
};

test.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)(
  'embeddings are the vectors of transformers, normalized, in the order of the texts, on %s',
  async (_, backend) => {
    await useBackend(backend());
    const before = tf.memory().numTensors;
    const reference = await golden('test/goldens/text/tiny-bert/forward.golden.safetensors');
    const first = tf.tidy(() => {
      const [cls] = [tf.slice(reference.last_hidden_state as tf.Tensor3D, [0, 0, 0], [3, 1, 32])];
      return tf.reshape(tf.div(cls, tf.norm(cls, 2, -1, true)), [-1]).dataSync();
    });
    const base = await loadBase(textFolder('tiny-bert'), { cut: 'first' });
    const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
    for (const batchSize of [1, 2, 32]) {
      const vectors = await embed(base, texts.slice(0, 3), tokenizer, { batchSize });
      expect(
        largest(
          vectors.flatMap((vector) => [...vector]),
          first,
        ),
      ).toBeLessThan(1e-4);
      for (const vector of vectors) expect(cosineSimilarity(vector, vector)).toBeCloseTo(1, 6);
    }
    expect(await embed(base, [], tokenizer)).toEqual([]);
    tf.dispose(Object.values(reference));
    dispose(base);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test("MiniLM's embeddings are those of Sentence Transformers on WASM", async (context) => {
  needsEncoder(miniLm, context);
  await useBackend(wasm());
  const [base, tokenizer] = await Promise.all([loadBase(miniLm), loadTokenizer(miniLm)]);
  const reference = await golden(`${miniLm}/forward.golden.safetensors`);
  const expected = (reference.normalized as tf.Tensor).dataSync();
  const vectors = await embed(base, texts, tokenizer, { batchSize: 4 });
  const error = largest(
    vectors.flatMap((vector) => [...vector]),
    expected,
  );
  console.log(`embeddings of MiniLM: largest difference ${error}`);
  expect(error).toBeLessThan(1e-3);
  const [soup, stew, engine] = await embed(
    base,
    ['A bowl of warm soup.', 'Some hot stew.', 'The engine stalls.'],
    tokenizer,
  );
  expect(cosineSimilarity(soup, stew)).toBeGreaterThan(cosineSimilarity(soup, engine) + 0.2);
  tf.dispose(Object.values(reference));
  dispose(base);
});

test('cosines are those of the angle', () => {
  expect(cosineSimilarity([1, 0], [3, 3])).toBeCloseTo(Math.SQRT1_2, 12);
  expect([cosineSimilarity([1, 2], [-2, -4]), cosineSimilarity([0, 0], [1, 2])]).toEqual([-1, 0]);
  expect(() => cosineSimilarity([1], [1, 2])).toThrow(/vectors of 1 and 2 numbers\. Take both from one base/);
});

test('what cannot be embedded is refused, and says what can', async () => {
  await useBackend(cpu());
  const before = tf.memory().numTensors;
  const folder = textFolder('tiny-bert');
  const [base, sequences, tokenizer] = await Promise.all([
    loadBase(folder),
    loadBase(folder, { cut: 'tokens' }),
    loadTokenizer(folder),
  ]);
  const model = pipe(base, attachHead(classifier(['a', 'b'])));
  for (const [call, sentence] of [
    [() => embed(model as never, ['a'], tokenizer), /^INVALID_ARGUMENT: embed received a model with a head/],
    [() => embed(undefined as never, ['a'], tokenizer), /^INVALID_ARGUMENT: embed received no base/],
    [
      () => embed(sequences, ['a'], tokenizer),
      /^INVALID_MODEL: .*no single vector of a text\. Load it with { cut: 'mea/,
    ],
    [() => embed(base, ['a', 7 as never], tokenizer), /^INVALID_DATA: embed: text 1 of 2: A text is number/],
    [() => embed(base, ['a'], {} as never), /^INVALID_ARGUMENT: embed received no tokenizer/],
    [() => embed(base, ['a'], tokenizer, { batchSize: 0 }), /^INVALID_ARGUMENT: embed received batchSize: 0/],
    [() => embed(base, ['a'], tokenizer, { batch: 2 } as never), /^INVALID_ARGUMENT: embed received batch, which/],
  ] as const) {
    const error: TransferError = await (call() as Promise<never>).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TransferError);
    expect(`${error.code}: ${error.message}`).toMatch(sentence);
  }
  for (const handle of [model, sequences, base]) dispose(handle);
  expect(tf.memory().numTensors).toBe(before);
});
