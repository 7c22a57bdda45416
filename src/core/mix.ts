import { TransferError } from './errors.ts';
import { assertSettings } from './settings.ts';

/** How examples are mixed with others, as data: {@link mixup} or {@link cutmix}. */
export interface Mix {
  readonly kind: 'mix';
  readonly name: 'mixup' | 'cutmix';
  readonly alpha: number;
}

/** Settings of {@link mixup} and {@link cutmix}. */
export interface MixSettings {
  /** Both parameters of the Beta distribution that shares are drawn from: below 1 most shares are near 0 or 1. */
  readonly alpha?: number;
}

/**
 * Mixes each example with another one, inputs and targets alike: `s x + (1 - s) x'`, with the share s drawn from Beta(alpha,
 * alpha) (Zhang et al., 2018, equation 1). The other is drawn from the training split, and s for each example; the paper's
 * code pairs the examples of a batch and draws one s for it.
 *
 * It mixes inputs, so what lies below the frozen frontier has to run for each mixture, and each costs reading two examples. In
 * every epoch the mixtures are new and nothing is cached; with `views: n` there are n mixtures of each example, which are
 * computed once and cached. `explain` says which.
 *
 * @param settings The shares. Default of alpha: 0.2.
 * @returns The mixing, for `train({ mix })`. Validation sees plain examples.
 * @throws TransferError `INVALID_ARGUMENT` for an alpha that is not above 0; a run, and `explain`, throw it where an input is a
 * number to look up, such as a token, or the head has an answer for each token.
 *
 * @example
 * ```ts
 * import { mixup, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, mix: mixup(), views: 4 });
 * ```
 */
export function mixup(settings: MixSettings = {}): Mix {
  return mix('mixup', settings, 0.2);
}

/**
 * Puts a piece of another picture into each picture; the target is mixed by the areas (Yun et al., 2019, equations 1 and 2). The
 * share of the piece is drawn from Beta(alpha, alpha), its form is the picture's, its middle lies anywhere, and what
 * would lie outside is cut off. Otherwise as {@link mixup}.
 *
 * @param settings The shares. Default of alpha: 1, where all are as likely.
 * @returns The mixing, for `train({ mix })`.
 * @throws TransferError `INVALID_ARGUMENT` for an alpha that is not above 0; a run throws it where an input is no picture.
 *
 * @example
 * ```ts
 * import { cutmix, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, mix: cutmix() });
 * ```
 */
export function cutmix(settings: MixSettings = {}): Mix {
  return mix('cutmix', settings, 1);
}

function mix(name: Mix['name'], settings: MixSettings, usual: number): Mix {
  assertSettings(name, settings, { alpha: usual });
  const { alpha = usual } = settings;
  if (alpha > 0 && alpha < Infinity) return { kind: 'mix', name, alpha };
  throw new TransferError('INVALID_ARGUMENT', `${name}({ alpha: ${alpha} }): pass a number above 0.`);
}
