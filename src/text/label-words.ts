import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { argMax } from '../core/outcome.ts';
import { runEncoder } from './run-encoder.ts';
import { encodeEach, padded } from './tokenize.ts';
import type { Tokenizer, WordTokens } from './tokenizer.ts';
import { isFirstPiece } from './word-examples.ts';

/** What a word was taken for. */
export interface WordLabel {
  readonly word: string;
  /** Its position in the text. */
  readonly index: number;
  readonly label: string;
  /** The probability of the label. */
  readonly score: number;
}

/**
 * Gives each word of a text a label, by its first piece.
 *
 * @param model A model with a `tokenClassifier` of `tfjs-transfer/heads`.
 * @param words The words.
 * @param tokenizer The tokenizer of the base, from {@link loadTokenizer}.
 * @returns A label for each word, in order, but for those that the tokenizer's length cuts off or that have no piece. No
 * tensor is left.
 * @throws TransferError `INVALID_ARGUMENT` where the head labels no tokens; `INVALID_DATA` where the words are no array of
 * strings, or the tokenizer is another base's.
 *
 * @example
 * ```ts
 * import { attachHead, loadBase, pipe } from 'tfjs-transfer';
 * import { tokenClassifier } from 'tfjs-transfer/heads';
 * import { labelWords, loadTokenizer } from 'tfjs-transfer/text';
 *
 * const base = await loadBase('all-MiniLM-L6-v2', { cut: 'tokens' });
 * const tokenizer = await loadTokenizer('all-MiniLM-L6-v2');
 * const model = pipe(base, attachHead(tokenClassifier(['other', 'food', 'drink'])));
 * const labels = await labelWords(model, ['Soup', 'and', 'tea'], tokenizer);
 * console.log(labels.map(({ word, label }) => `${word}: ${label}`));
 * ```
 */
export async function labelWords(
  model: TransferModel,
  words: readonly string[],
  tokenizer: Tokenizer,
): Promise<WordLabel[]> {
  if (kindOf(model) !== 'transfer' || model.head.task !== 'tokenClassification') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'labelWords received no model that labels tokens. Attach tokenClassifier(labels) of tfjs-transfer/heads.',
    );
  }
  const [row] = encodeEach([words], tokenizer, 'labelWords', (text) => tokenizer.encodeWords(text)) as [WordTokens];
  const logits = await runEncoder(model, padded([row], tokenizer.padding), 'labelWords');
  const { labels } = model.head;
  return row.words.flatMap((index, at) => {
    if (!isFirstPiece(row.words, at)) return [];
    const own = logits.subarray(at * labels.length, (at + 1) * labels.length);
    const best = argMax(own);
    const score = 1 / own.reduce((sum, logit) => sum + Math.exp(logit - (own[best] as number)), 0);
    return [{ word: words[index] as string, index, label: labels[best] as string, score }];
  });
}
