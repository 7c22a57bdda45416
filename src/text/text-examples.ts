import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { examplesOf } from './examples-of.ts';
import { encodeAll } from './tokenize.ts';
import type { Text, Tokenizer } from './tokenizer.ts';

/**
 * Makes examples of texts. They are tokenized once, here, and padded to the longest of all, so that what a run keeps of
 * them has one shape: the tokenizer's length bounds it.
 *
 * @param texts The texts, or pairs of texts.
 * @param targets The target of each: a class index, or one number for each label or output.
 * @param tokenizer The tokenizer of the base, from {@link loadTokenizer}.
 * @returns The examples. They hold no tensor; there is nothing to dispose.
 * @throws TransferError `INVALID_DATA` where one is no text, there is none, or texts and targets differ in number; when
 * read, where the model is no encoder.
 *
 * @example
 * ```ts
 * import { attachHead, fineTune, linearProbe, loadBase, pipe } from 'tfjs-transfer';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { loadTokenizer, textExamples } from 'tfjs-transfer/text';
 *
 * const [base, tokenizer] = await Promise.all([loadBase('all-MiniLM-L6-v2'), loadTokenizer('all-MiniLM-L6-v2')]);
 * const train = textExamples(['The soup was wonderful.', 'Never again!'], [1, 0], tokenizer);
 * const model = pipe(base, attachHead(classifier(['bad', 'good'])));
 * const { model: tuned } = await fineTune(model, { train }, linearProbe());
 * ```
 */
export function textExamples(texts: readonly Text[], targets: readonly Target[], tokenizer: Tokenizer): Examples {
  const rows = encodeAll(texts, tokenizer, 'textExamples');
  if (!Array.isArray(targets) || targets.length !== rows.length || rows.length === 0) {
    throw new TransferError(
      'INVALID_DATA',
      `textExamples: there are ${rows.length} texts and ${Array.isArray(targets) ? targets.length : 'no'} targets. Pass at least one text, and one target for each.`,
    );
  }
  return examplesOf(rows, targets, tokenizer);
}
