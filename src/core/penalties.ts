import { TransferError } from './errors.ts';
import { assertSettings } from './settings.ts';

/** What is added to the loss, as data. */
export interface Penalty {
  readonly kind: 'penalty';
  readonly name: 'l2SP';
  readonly alpha: number;
  readonly beta: number;
}

/** Settings of {@link l2SP}. */
export interface L2SPSettings {
  /** How strongly weights of the base are held to where the run began. Default: 0.1. */
  readonly alpha?: number;
  /** How strongly weights of the head are held to 0. Default: 0.01. */
  readonly beta?: number;
}

/**
 * Holds the weights of the base that train near to where they began: `alpha / 2 |w - w0|^2` for them, `beta / 2 |w|^2` for the
 * head (Li et al., 2018, equation 3). It is for few examples and layers that would forget.
 *
 * @param settings The two strengths.
 * @returns The penalty, for `train({ penalties })`. Its value is part of the loss that a run reports.
 * @throws TransferError `INVALID_ARGUMENT` where a strength is below 0.
 *
 * @example
 * ```ts
 * import { l2SP, linearProbe, sequence, train, unfreezeTop } from 'tfjs-transfer';
 *
 * const strategy = sequence(linearProbe(), unfreezeTop(3), train({ epochs: 5, penalties: [l2SP({ alpha: 0.01 })] }));
 * ```
 */
export function l2SP(settings: L2SPSettings = {}): Penalty {
  assertSettings('l2SP', settings, { alpha: 0.1, beta: 0.01 });
  const { alpha = 0.1, beta = 0.01 } = settings;
  if (!(alpha >= 0 && beta >= 0)) {
    throw new TransferError('INVALID_ARGUMENT', `l2SP({ alpha: ${alpha}, beta: ${beta} }): pass numbers from 0.`);
  }
  return { kind: 'penalty', name: 'l2SP', alpha, beta };
}
