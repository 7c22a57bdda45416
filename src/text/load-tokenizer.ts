import { TransferError } from '../core/errors.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { readableAt } from '../model/artifacts.ts';
import { assertPlace, nameOfPlace } from '../model/byte-reader.ts';
import { encoderConfig } from '../model/encoder/encoder-config.ts';
import { longestText } from '../model/encoder/kinds.ts';
import { jsonObject } from '../model/json-object.ts';
import { optionalFile } from '../model/optional-file.ts';
import { reporting } from '../model/report-reading.ts';
import { type RawTokenizer, type Tokenizer, tokenizerOf } from './tokenizer.ts';

/** Settings of {@link loadTokenizer}. */
export interface LoadTokenizerSettings extends TransferSettings {
  /** The most tokens of a text, special ones included. Default: as the folder says. */
  readonly length?: number;
}

/** What says how many tokens a text may have; sentence-transformers writes it. */
const lengthFile = 'sentence_bert_config.json';

/** The most bytes of a file: the vocabularies of the largest encoders take 20 MB. */
const longestFile = 64 * 2 ** 20;

/**
 * Loads the tokenizer of an encoder: `tokenizer.json` of its folder. The most tokens of a text are the smallest of what
 * you say, `max_seq_length` of `sentence_bert_config.json`, `model_max_length` of `tokenizer_config.json` and the positions
 * that `config.json` has.
 *
 * @param source The path or URL of the folder, or a store.
 * @param settings The most tokens, a signal, and who is told of the progress.
 * @returns The tokenizer: a value, with nothing to dispose.
 * @throws TransferError `NOT_FOUND`; `INVALID_MODEL` where a file is broken; `INVALID_ARGUMENT` where the length leaves no
 * room beside the special tokens.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from 'tfjs-transfer/text';
 *
 * const tokenizer = await loadTokenizer('all-MiniLM-L6-v2', { length: 128 });
 * console.log(tokenizer.encode('a pair').ids); // [ 101, 1037, 3940, 102 ]
 * ```
 */
export async function loadTokenizer(source: string | Store, settings: LoadTokenizerSettings = {}): Promise<Tokenizer> {
  assertSettings('loadTokenizer', settings, { ...knownInTransfer, length: 128 });
  const { length, signal, onProgress } = settings;
  if (length !== undefined) assertRange('loadTokenizer', wholeFrom1, { length });
  assertPlace('loadTokenizer', source);
  const name = nameOfPlace(source);
  const place = await readableAt(source);
  const read = reporting(await place.open({ signal }), name, onProgress);
  const optional = await place.open({ signal });
  const ifThere = (file: string) => optionalFile(optional, file, { limit: longestFile, signal });
  const bytes = await read('tokenizer.json', { limit: longestFile, signal });
  const settingsBytes = await ifThere('tokenizer_config.json');
  const json = parsed(bytes, 'tokenizer.json', name);
  const ofTokenizer = parsed(settingsBytes, 'tokenizer_config.json', name);
  const ofSentences = parsed(await ifThere(lengthFile), lengthFile, name);
  const config = await ifThere('config.json');
  const embeddings = config && encoderConfig(config, name).embeddings;
  const positions = embeddings && longestText(embeddings);
  const lengths = [length, ofSentences.max_seq_length, ofTokenizer.model_max_length, positions];
  const counts = lengths.filter((most): most is number => typeof most === 'number' && most > 0);
  const most = Math.min(...counts);
  const tokenizer = await rawTokenizer(json, ofTokenizer, name);
  if (embeddings) assertVocabulary(tokenizer, embeddings.vocabulary as number, name);
  onProgress?.({ status: 'ready', name });
  return tokenizerOf(tokenizer, {
    name,
    length: most,
    padding: paddingOf(tokenizer, json, ofTokenizer),
    files: [
      { name: 'tokenizer.json', bytes },
      ...(settingsBytes ? [{ name: 'tokenizer_config.json', bytes: settingsBytes }] : []),
      {
        name: lengthFile,
        bytes: new TextEncoder().encode(`${JSON.stringify({ ...ofSentences, max_seq_length: most })}\n`),
      },
    ],
  });
}

type Json = Readonly<Record<string, unknown>>;

const parsed = (bytes: Uint8Array | undefined, file: string, name: string): Json =>
  bytes ? jsonObject(bytes, `The ${file} of ${name}`) : {};

async function rawTokenizer(json: Json, config: Json, name: string): Promise<RawTokenizer> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  try {
    return new Tokenizer(json, config) as unknown as RawTokenizer;
  } catch (cause) {
    throw new TransferError(
      'INVALID_MODEL',
      `The tokenizer.json of ${name} describes no tokenizer that can be made here. Copy the folder again.`,
      { cause },
    );
  }
}

/** A token that the encoder has no vector for would be an error at some text, later. */
function assertVocabulary(tokenizer: RawTokenizer, size: number, name: string): void {
  for (const [token, id] of tokenizer.get_vocab()) {
    if (id < size) continue;
    throw new TransferError(
      'INVALID_MODEL',
      `The tokenizer.json of ${name} has the token ${JSON.stringify(token)} with the id ${id}, and its config.json says vocab_size: ${size}. Take both files from one model.`,
    );
  }
}

/** The id that fills up rows; what it is does not matter where the mask is 0, but to RoBERTa, which counts by it. */
function paddingOf(tokenizer: RawTokenizer, json: Json, config: Json): number {
  const token = config.pad_token as string | { readonly content?: string } | null | undefined;
  const named = tokenizer.get_vocab().get(typeof token === 'string' ? token : (token?.content ?? ''));
  const padding = json.padding as { readonly pad_id?: unknown } | null | undefined;
  return named ?? (typeof padding?.pad_id === 'number' ? padding.pad_id : 0);
}
