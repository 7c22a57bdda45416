import type { Head } from '../core/head.ts';
import { meanSquaredError } from '../core/loss.ts';
import { type HeadSettings, headOf } from './head-of.ts';

/**
 * A head for quantities: one dense layer without activation, trained by the mean squared error.
 *
 * @param outputs The names of the quantities; a target holds a number for each.
 * @param settings Dropout before the layer, and the seed of its first weights.
 * @returns The head, for `attachHead`.
 * @throws TransferError `INVALID_ARGUMENT` where there is no output, or two are equal.
 *
 * @example
 * ```ts
 * import { regressor } from 'tfjs-transfer/heads';
 *
 * const head = regressor(['age']);
 * ```
 */
export function regressor(outputs: readonly string[], settings: HeadSettings = {}): Head {
  return headOf('regressor', 'regression', outputs, meanSquaredError(), settings, 1);
}
