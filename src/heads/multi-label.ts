import type { Head } from '../core/head.ts';
import { binaryCrossEntropy } from '../core/loss.ts';
import { type HeadSettings, headOf } from './head-of.ts';

/**
 * A head for labels that may be on together: one dense layer, trained from logits by binary cross-entropy.
 *
 * @param labels The names of the labels; a target holds a 0 or 1 for each.
 * @param settings Dropout before the layer, and the seed of its first weights.
 * @returns The head, for `attachHead`.
 * @throws TransferError `INVALID_ARGUMENT` where there is no label, or two are equal.
 *
 * @example
 * ```ts
 * import { multiLabel } from 'tfjs-transfer/heads';
 *
 * const head = multiLabel(['outdoors', 'people', 'night']);
 * ```
 */
export function multiLabel(labels: readonly string[], settings: HeadSettings = {}): Head {
  return headOf('multiLabel', 'multiLabel', labels, binaryCrossEntropy(), settings, 1);
}
