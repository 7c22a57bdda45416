import { TransferError } from '../core/errors.ts';
import type { StoredFile } from '../core/store.ts';
import { truncatePair } from './truncate-pair.ts';

/** A text, or a pair of texts that an encoder reads together. */
export type Text = string | readonly [first: string, second: string];

/** The tokens of a text, its special tokens included. */
export interface Tokens {
  /** The number of each token in the vocabulary. */
  readonly ids: readonly number[];
  /** 1 for each token; padding gets 0. */
  readonly mask: readonly number[];
  /** 0 for the first text and 1 for the second, as far as the tokenizer tells them apart. */
  readonly types: readonly number[];
}

/** What turns texts to tokens: an immutable value. */
export interface Tokenizer {
  readonly kind: 'tokenizer';
  readonly name: string;
  /** The most tokens of a text, special ones included: longer texts are truncated. */
  readonly length: number;
  /** The id of padding. */
  readonly padding: number;
  /** The files to save with a model: those that it was read from, and one that says its length. */
  readonly files: readonly StoredFile[];
  /**
   * The tokens of one text, truncated and not padded.
   *
   * @throws TransferError `INVALID_DATA` where it is no string and no pair of strings.
   */
  encode(text: Text): Tokens;
  /**
   * The tokens of a text that is split into words, truncated and not padded.
   *
   * @throws TransferError `INVALID_DATA` where it is no array of strings.
   */
  encodeWords(words: readonly string[]): WordTokens;
}

/** The tokens of a text that was split into words. */
export interface WordTokens extends Tokens {
  /** The position of the word that each token is a piece of; -1 for special tokens. */
  readonly words: readonly number[];
}

/** What is used of a tokenizer of @huggingface/tokenizers. */
export interface RawTokenizer {
  tokenize(text: string, options: { readonly add_special_tokens: false }): string[];
  get_vocab(): Map<string, number>;
  readonly model: { readonly unk_token_id?: number } | null;
  readonly post_processor:
    | ((tokens: string[], pair: string[] | null, special: boolean) => { tokens: string[]; token_type_ids?: number[] })
    | null;
}

/**
 * Makes a tokenizer.
 *
 * @param raw The tokenizer of the library, which neither truncates nor pads.
 * @param settings What it is called, the most tokens, the id of padding, and its files.
 * @throws TransferError `INVALID_ARGUMENT` where the special tokens of a text leave no room.
 */
export function tokenizerOf(
  raw: RawTokenizer,
  settings: Pick<Tokenizer, 'name' | 'length' | 'padding' | 'files'>,
): Tokenizer {
  const { name, length } = settings;
  const vocabulary = raw.get_vocab();
  const unknown = raw.model?.unk_token_id ?? settings.padding;
  const { post_processor: addSpecial } = raw;
  // No `addSpecial?.()`: the CJS build makes `addSpecial.call` of it, and this function has no methods.
  const finished = (first: string[], second: string[] | null): ReturnType<NonNullable<typeof addSpecial>> =>
    addSpecial ? addSpecial(first, second, true) : { tokens: [...first, ...(second ?? [])] };
  const special = { one: finished([], null).tokens.length, two: finished([], []).tokens.length };
  const roomFor = (what: string, count: number) => {
    if (length > count) return length - count;
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${name}: ${what} has ${count} special tokens, and ${length} are the most of all. Pass a length from ${count + 1}.`,
    );
  };
  roomFor('a text', special.one);
  const tokensOf = (text: string) => raw.tokenize(text, { add_special_tokens: false });
  const encode = (text: Text): Tokens => {
    assertText(text);
    let parts: readonly [string[], string[] | null];
    if (typeof text === 'string') {
      parts = [tokensOf(text).slice(0, roomFor('a text', special.one)), null];
    } else {
      const [first, second] = [tokensOf(text[0]), tokensOf(text[1])];
      const kept = truncatePair(first.length, second.length, roomFor('a pair of texts', special.two));
      parts = [first.slice(0, kept[0]), second.slice(0, kept[1])];
    }
    return numbered(finished(...parts));
  };
  const numbered = ({ tokens, token_type_ids: types }: ReturnType<typeof finished>): Tokens => ({
    ids: tokens.map((token) => vocabulary.get(token) ?? unknown),
    mask: tokens.map(() => 1),
    types: types ?? tokens.map(() => 0),
  });
  const before = Math.max(0, finished(['\0'], null).tokens.indexOf('\0'));
  const encodeWords = (words: readonly string[]): WordTokens => {
    assertWords(words);
    // RoBERTa's pieces tell by a space that a word begins; the others pass over it.
    const pieces = words.flatMap((word, index) =>
      (word ? tokensOf(` ${word}`) : []).map((piece) => ({ piece, index })),
    );
    const kept = pieces.slice(0, roomFor('a text', special.one));
    const tokens = numbered(
      finished(
        kept.map(({ piece }) => piece),
        null,
      ),
    );
    return { ...tokens, words: tokens.ids.map((_, at) => kept[at - before]?.index ?? -1) };
  };
  return Object.freeze({ kind: 'tokenizer', ...settings, encode, encodeWords });
}

function assertWords(words: unknown): asserts words is readonly string[] {
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return;
  throw new TransferError(
    'INVALID_DATA',
    `A text is ${typeof words === 'string' ? 'a string' : 'no array of strings'}; its words were expected, such as text.split(/\\s+/).`,
  );
}

function assertText(text: unknown): asserts text is Text {
  const isPair = Array.isArray(text) && text.length === 2 && text.every((part) => typeof part === 'string');
  if (typeof text === 'string' || isPair) return;
  const received = Array.isArray(text)
    ? `an array of ${text.map((part) => (part === null ? 'null' : typeof part)).join(', ') || 'nothing'}`
    : text === null
      ? 'null'
      : typeof text;
  throw new TransferError(
    'INVALID_DATA',
    `A text is ${received}; a string, or a pair [first, second] of strings, was expected. Leave out what has no text.`,
  );
}
