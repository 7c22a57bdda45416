import type { Head } from '../core/head.ts';
import { softmaxCrossEntropy } from '../core/loss.ts';
import { type HeadSettings, headOf } from './head-of.ts';

/**
 * A head that gives each token of a text a class: one dense layer on `[tokens, width]`, trained from logits
 * `[tokens, labels]` by softmax cross-entropy. Tokens with the target -1 (padding, special tokens, all pieces of a word but
 * its first) count neither in the loss nor in metrics; `wordExamples` of `tfjs-transfer/text` says which those are.
 *
 * @param labels The names of the classes; targets are positions in this list, one for each token.
 * @param settings Dropout before the layer, and the seed of its first weights.
 * @returns The head, for `attachHead`, on a base that was loaded with `{ cut: 'tokens' }`.
 * @throws TransferError `INVALID_ARGUMENT` where there are fewer than two labels, or two are equal.
 *
 * @example
 * ```ts
 * import { tokenClassifier } from 'tfjs-transfer/heads';
 *
 * const head = tokenClassifier(['other', 'food', 'drink'], { dropout: 0.1 });
 * ```
 */
export function tokenClassifier(labels: readonly string[], settings: HeadSettings = {}): Head {
  return headOf('tokenClassifier', 'tokenClassification', labels, softmaxCrossEntropy(), settings, 2);
}
