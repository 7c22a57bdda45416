import type { Head } from '../core/head.ts';
import { softmaxCrossEntropy } from '../core/loss.ts';
import { type HeadSettings, headOf } from './head-of.ts';

/**
 * A head for classes that exclude each other: one dense layer, trained from logits by softmax cross-entropy.
 *
 * @param labels The names of the classes; targets are positions in this list.
 * @param settings Dropout before the layer, and the seed of its first weights.
 * @returns The head, for `attachHead`.
 * @throws TransferError `INVALID_ARGUMENT` where there are fewer than two labels, or two are equal.
 *
 * @example
 * ```ts
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const head = classifier(['cat', 'dog'], { dropout: 0.2 });
 * ```
 */
export function classifier(labels: readonly string[], settings: HeadSettings = {}): Head {
  return headOf('classifier', 'classification', labels, softmaxCrossEntropy(), settings, 2);
}
