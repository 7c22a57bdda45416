import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import { examplesOf } from './examples-of.ts';
import { encodeEach, longest } from './tokenize.ts';
import type { Tokenizer, WordTokens } from './tokenizer.ts';

/**
 * Makes examples of texts whose words have labels, for a `tokenClassifier`. The label of a word is that of its first
 * piece; its other pieces, special tokens and padding get -1, which counts neither in the loss nor in metrics. Words that
 * the tokenizer's length cuts off do not count either.
 *
 * @param texts The words of each text.
 * @param targets The class index of each word of each text; -1 for a word that does not count.
 * @param tokenizer The tokenizer of the base, from {@link loadTokenizer}.
 * @returns The examples, `[tokens]` and as many targets each, padded to the longest of all. There is nothing to dispose.
 * @throws TransferError `INVALID_DATA` where a text is no array of strings, there is none, or words and targets differ in
 * number.
 *
 * @example
 * ```ts
 * import { attachHead, fineTune, linearProbe, loadBase, pipe } from 'tfjs-transfer';
 * import { tokenClassifier } from 'tfjs-transfer/heads';
 * import { loadTokenizer, wordExamples } from 'tfjs-transfer/text';
 *
 * const base = await loadBase('all-MiniLM-L6-v2', { cut: 'tokens' });
 * const tokenizer = await loadTokenizer('all-MiniLM-L6-v2');
 * const train = wordExamples([['Soup', 'and', 'tea'], ['No', 'coffee']], [[1, 0, 2], [0, 2]], tokenizer);
 * const model = pipe(base, attachHead(tokenClassifier(['other', 'food', 'drink'])));
 * const { model: tuned } = await fineTune(model, { train }, linearProbe());
 * ```
 */
export function wordExamples(
  texts: readonly (readonly string[])[],
  targets: readonly (readonly number[])[],
  tokenizer: Tokenizer,
): Examples {
  const rows = encodeEach(texts, tokenizer, 'wordExamples', (words) => tokenizer.encodeWords(words));
  const bad = rows.findIndex((_, index) => texts[index]?.length !== targets?.[index]?.length);
  if (!Array.isArray(targets) || targets.length !== rows.length || rows.length === 0 || bad >= 0) {
    const which = bad < 0 ? `there are ${rows.length} texts` : `text ${bad} has ${texts[bad]?.length} words`;
    const other = (bad < 0 ? targets : targets?.[bad])?.length ?? 'no';
    throw new TransferError(
      'INVALID_DATA',
      `wordExamples: ${which} and ${other} targets. Pass at least one text, and one target for each word of each.`,
    );
  }
  const length = longest(rows);
  const aligned = rows.map(({ words }, index) => {
    const own = words.map((word, at) => (isFirstPiece(words, at) ? (targets[index]?.[word] as number) : -1));
    return [...own, ...new Array<number>(length - own.length).fill(-1)];
  });
  return examplesOf(rows, aligned, tokenizer);
}

/** Whether a token is the first piece of a word. */
export const isFirstPiece = (words: WordTokens['words'], at: number): boolean =>
  (words[at] as number) >= 0 && words[at] !== words[at - 1];
