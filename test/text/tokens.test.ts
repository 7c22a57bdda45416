import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { TransferError } from 'tfjs-transfer';
import { loadTokenizer, type Text, tokenize } from 'tfjs-transfer/text';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { truncatePair } from '../../src/text/truncate-pair.ts';
import { miniLm, needsEncoder, textFolder } from '../support/encoders.ts';

interface Case {
  readonly text: string;
  readonly pair?: string;
  readonly input_ids: number[];
  readonly token_type_ids: number[];
  readonly attention_mask: number[];
}

const goldenOf = async (folder: string): Promise<{ maxLength: number; cases: Case[] }> =>
  JSON.parse(await readFile(join(folder, 'tokens.golden.json'), 'utf8'));
const textOf = ({ text, pair }: Case): Text => (pair === undefined ? text : [text, pair]);

describe.each([
  ['tiny-bert', textFolder('tiny-bert'), 13],
  ['MiniLM', miniLm, 14],
] as const)('the tokens of %s', (_name, folder, count) => {
  test('are those of Hugging Face, one text at a time', async (context) => {
    needsEncoder(folder, context);
    const { maxLength, cases } = await goldenOf(folder);
    const tokenizer = await loadTokenizer(folder, { length: maxLength });
    expect(cases.length).toBe(count);
    for (const one of cases) {
      expect(tokenizer.encode(textOf(one))).toEqual({
        ids: one.input_ids,
        mask: one.attention_mask,
        types: one.token_type_ids,
      });
    }
  });

  test('are padded to the longest of a batch', async (context) => {
    needsEncoder(folder, context);
    const { maxLength, cases } = await goldenOf(folder);
    const tokenizer = await loadTokenizer(folder, { length: maxLength });
    for (const some of [cases.slice(0, 3), cases.slice(3, 5), cases]) {
      const longest = Math.max(...some.map(({ input_ids }) => input_ids.length));
      const row = (values: readonly number[]) => [...values, ...new Array(longest - values.length).fill(0)];
      expect(tokenize(some.map(textOf), tokenizer)).toEqual({
        shape: [some.length, longest],
        ids: Int32Array.from(some.flatMap((one) => row(one.input_ids))),
        mask: Int32Array.from(some.flatMap((one) => row(one.attention_mask))),
        types: Int32Array.from(some.flatMap((one) => row(one.token_type_ids))),
      });
    }
  });
});

/** `truncate_encodings` as the tokenizers library has it, line by line. */
function reference(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  let [n1, n2] = [first, second];
  const swap = n1 > n2;
  if (swap) [n1, n2] = [n2, n1];
  if (n1 > room) n2 = n1;
  else n2 = Math.max(n1, room - n1);
  if (n1 + n2 > room) {
    n1 = Math.floor(room / 2);
    n2 = n1 + (room % 2);
  }
  if (swap) [n1, n2] = [n2, n1];
  return [n1, n2];
}

test('the longer text of a pair gives way, and a tie is divided as Hugging Face does it', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.integer({ min: 1, max: 60 }), (first, second, room) => {
      const [a, b] = truncatePair(first, second, room);
      expect([a, b]).toEqual(reference(first, second, room));
      expect(a + b).toBe(Math.min(first + second, room));
      expect(a <= first && b <= second).toBe(true);
    }),
  );
  expect([truncatePair(20, 20, 29), truncatePair(21, 20, 29), truncatePair(20, 21, 29)]).toEqual([
    [14, 15],
    [15, 14],
    [14, 15],
  ]);
});

describe('a tokenizer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    await cp(textFolder('tiny-bert'), folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const json = (file: string, value: unknown) => writeFile(join(folder, file), JSON.stringify(value));
  const said = (run: () => unknown) =>
    Promise.resolve()
      .then(run)
      .then(
        () => 'nothing was thrown',
        (error) => (error instanceof TransferError ? `${error.code}: ${error.message}` : error),
      );

  test('takes the smallest of all lengths', async () => {
    const lengthOf = async (length?: number) => (await loadTokenizer(folder, { ...(length && { length }) })).length;
    expect(await lengthOf()).toBe(32); // positions, and model_max_length
    expect(await lengthOf(100)).toBe(32);
    expect(await lengthOf(10)).toBe(10);
    await json('sentence_bert_config.json', { max_seq_length: 20 });
    expect(await lengthOf()).toBe(20);
    await json('tokenizer_config.json', { model_max_length: 15, pad_token: { content: '[MASK]' } });
    expect([await lengthOf(), (await loadTokenizer(folder)).padding]).toEqual([15, 4]);
    await rm(join(folder, 'sentence_bert_config.json'));
    await rm(join(folder, 'tokenizer_config.json'));
    expect(await lengthOf()).toBe(32);
    expect((await loadTokenizer(textFolder('tiny-roberta'), { length: 99 })).length).toBe(32);
  });

  test('counts the positions of RoBERTa from the one behind its padding', async () => {
    await cp(textFolder('tiny-roberta'), folder, { recursive: true });
    await rm(join(folder, 'tokenizer_config.json'));
    expect((await loadTokenizer(folder)).length).toBe(33);
  });

  test('keeps an empty second text a second text', async () => {
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.encode(['a pair', '']).ids).toEqual([2, 19, 173, 3, 3]);
    expect(tokenizer.encode(['', '']).types).toEqual([0, 0, 1]);
  });

  test('refuses what is no text, and says which', async () => {
    const tokenizer = await loadTokenizer(folder);
    for (const [given, sentence] of [
      [undefined, 'A text is undefined'],
      [null, 'A text is null'],
      [7, 'A text is number'],
      [['a'], 'A text is an array of string'],
      [['a', null], 'A text is an array of string, null'],
      [['a', 'b', 'c'], 'A text is an array of string, string, string'],
    ] as const) {
      expect(await said(() => tokenizer.encode(given as never))).toContain(`INVALID_DATA: ${sentence}`);
      expect(await said(() => tokenize(['a', given as never], tokenizer))).toContain(
        'tokenize: text 1 of 2: A text is',
      );
    }
    expect(await said(() => tokenize('a' as never, tokenizer))).toMatch(
      /^INVALID_DATA: tokenize: the texts are no array/,
    );
    expect(await said(() => tokenize(['a'], {} as never))).toMatch(/^INVALID_ARGUMENT: tokenize received no tokenizer/);
  });

  test('refuses a length that its special tokens fill', async () => {
    expect(await said(() => loadTokenizer(folder, { length: 2 }))).toMatch(
      /^INVALID_ARGUMENT: .*: a text has 2 special tokens, and 2 are the most of all\. Pass a length from 3\./,
    );
    const tokenizer = await loadTokenizer(folder, { length: 3 });
    expect(tokenizer.encode('a pair').ids).toEqual([2, 19, 3]);
    expect(await said(() => tokenizer.encode(['a', 'b']))).toMatch(/a pair of texts has 3 special tokens, and 3 are/);
    for (const length of [0, -1, 1.5, Number.NaN]) {
      expect(await said(() => loadTokenizer(folder, { length }))).toMatch(/^INVALID_ARGUMENT: .*Pass a whole number/);
    }
    expect(await said(() => loadTokenizer(folder, { length: '9' as never }))).toMatch(/^INVALID_ARGUMENT/);
  });

  test('refuses broken files and places', async () => {
    await writeFile(join(folder, 'tokenizer.json'), '{');
    expect(await said(() => loadTokenizer(folder))).toMatch(/^INVALID_MODEL: The tokenizer\.json of .* is no JSON/);
    await writeFile(join(folder, 'tokenizer.json'), '{"model":{"type":"Nonsense"}}');
    expect(await said(() => loadTokenizer(folder))).toMatch(/^INVALID_MODEL: The tokenizer\.json of .* describes no/);
    await writeFile(join(folder, 'tokenizer.json'), '[]');
    expect(await said(() => loadTokenizer(folder))).toMatch(/^INVALID_MODEL/);
    await rm(join(folder, 'tokenizer.json'));
    expect(await said(() => loadTokenizer(folder))).toMatch(/^NOT_FOUND: .*tokenizer\.json/);
    expect(await said(() => loadTokenizer(7 as never))).toMatch(/^INVALID_ARGUMENT: loadTokenizer received no path/);
  });
});
