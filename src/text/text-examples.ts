import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { encodeAll, padded } from './tokenize.ts';
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
  const length = Math.max(...rows.map(({ ids }) => ids.length));
  return {
    kind: 'examples',
    size: rows.length,
    targets: [...targets],
    augmented: false,
    describe: (index) => `text ${index}`,
    async read(indices, { inputs }) {
      const { shape, ids, mask, types } = padded(
        indices.map((index) => rows[index] as (typeof rows)[number]),
        tokenizer.padding,
        length,
      );
      if (inputs.length < 2 || inputs.length > 3 || inputs.some((input) => input.dtype !== 'int32')) {
        throw new TransferError(
          'INVALID_DATA',
          'textExamples: the model reads no tokens. Load an encoder: loadBase of a folder in the layout of Hugging Face.',
        );
      }
      return [ids, mask, types].slice(0, inputs.length).map((values) => tf.tensor(values, [...shape], 'int32'));
    },
  };
}
