import { TransferError } from '../core/errors.ts';
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
  /**
   * The tokens of one text, truncated and not padded.
   *
   * @throws TransferError `INVALID_DATA` where it is no string and no pair of strings.
   */
  encode(text: Text): Tokens;
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
 * @param settings What it is called, the most tokens, and the id of padding.
 * @throws TransferError `INVALID_ARGUMENT` where the special tokens of a text leave no room.
 */
export function tokenizerOf(raw: RawTokenizer, settings: Pick<Tokenizer, 'name' | 'length' | 'padding'>): Tokenizer {
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
    const { tokens, token_type_ids: types } = finished(...parts);
    return {
      ids: tokens.map((token) => vocabulary.get(token) ?? unknown),
      mask: tokens.map(() => 1),
      types: types ?? tokens.map(() => 0),
    };
  };
  return Object.freeze({ kind: 'tokenizer', ...settings, encode });
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
