import { TransferError } from '../core/errors.ts';
import { kindOf } from '../core/kind-of.ts';
import type { Text, Tokenizer, Tokens } from './tokenizer.ts';

/** The tokens of some texts, row by row, all as long as the longest of them. */
export interface TokenBatch {
  /** `[texts, tokens]`, as all three. */
  readonly shape: readonly [texts: number, tokens: number];
  readonly ids: Int32Array;
  /** 1 where there is a token, 0 where there is padding. */
  readonly mask: Int32Array;
  readonly types: Int32Array;
}

/**
 * Turns texts to tokens: truncated to the tokenizer's length (of a pair, the longer text gives way first), and padded to
 * the longest of them.
 *
 * @param texts The texts, or pairs of texts.
 * @param tokenizer The tokenizer, from {@link loadTokenizer}.
 * @returns Ids, mask and types, `[texts, tokens]`.
 * @throws TransferError `INVALID_DATA` where one is no text, naming it; `INVALID_ARGUMENT` where there is no tokenizer.
 *
 * @example
 * ```ts
 * import { loadTokenizer, tokenize } from 'tfjs-transfer/text';
 *
 * const tokenizer = await loadTokenizer('all-MiniLM-L6-v2');
 * const { ids, shape } = tokenize(['The soup was wonderful.', 'Never again!'], tokenizer);
 * console.log(shape, ids[0]); // [ 2, 7 ] 101
 * ```
 */
export function tokenize(texts: readonly Text[], tokenizer: Tokenizer): TokenBatch {
  return padded(encodeAll(texts, tokenizer, 'tokenize'), tokenizer.padding);
}

/**
 * The tokens of each of some texts.
 *
 * @param texts The texts.
 * @param tokenizer The tokenizer.
 * @param caller What the user called, for messages.
 */
export function encodeAll(texts: readonly Text[], tokenizer: Tokenizer, caller: string): readonly Tokens[] {
  return encodeEach(texts, tokenizer, caller, (text) => tokenizer.encode(text));
}

/** What becomes of each of some texts; the message of an error names the text. */
export function encodeEach<Given, Encoded>(
  texts: readonly Given[],
  tokenizer: Tokenizer,
  caller: string,
  encode: (text: Given) => Encoded,
): readonly Encoded[] {
  if (kindOf(tokenizer) !== 'tokenizer') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${caller} received no tokenizer. Pass what loadTokenizer returns (await it first).`,
    );
  }
  if (!Array.isArray(texts)) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller}: the texts are no array. Pass an array of strings, or of pairs.`,
    );
  }
  return texts.map((text, index) => {
    try {
      return encode(text);
    } catch (cause) {
      if (!(cause instanceof TransferError)) throw cause;
      throw new TransferError(cause.code, `${caller}: text ${index} of ${texts.length}: ${cause.message}`, { cause });
    }
  });
}

/** The most tokens of a text. */
export const longest = (rows: readonly Tokens[]) => rows.reduce((most, { ids }) => Math.max(most, ids.length), 0);

/**
 * Tokens in rows of one length.
 *
 * @param rows The tokens of each text.
 * @param padding The id that fills the rows up.
 * @param length The length. Default: of the longest.
 */
export function padded(rows: readonly Tokens[], padding: number, length: number = longest(rows)): TokenBatch {
  const filled = (value: number) => new Int32Array(rows.length * length).fill(value);
  const batch = { shape: [rows.length, length] as const, ids: filled(padding), mask: filled(0), types: filled(0) };
  for (const [index, row] of rows.entries()) {
    for (const name of ['ids', 'mask', 'types'] as const) batch[name].set(row[name], index * length);
  }
  return batch;
}
