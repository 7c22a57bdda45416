import type { Callback } from './callbacks.ts';
import { TransferError } from './errors.ts';
import { assertRange, from0Below1 } from './ranges.ts';
import { assertSettings } from './settings.ts';

/** How the trained weights of a phase are averaged while it trains. */
export interface AverageRule {
  /** After what the average takes in the weights: each step, or each epoch. */
  readonly each: 'step' | 'epoch';
  /** The first epoch whose weights it takes in. */
  readonly from: number;
  /** The share of the average so far when it takes in further weights, from 0 to 1; `count` is how often it has done so. */
  share(count: number): number;
}

/** Settings of {@link averagedWeights}. */
export interface AveragedWeightsSettings {
  /** The share of the average so far at each step, from 0 to below 1. Default: 0.99. */
  readonly decay?: number;
}

/**
 * An exponential moving average of the weights that a phase trains: after each step `average * decay + weights * (1 -
 * decay)`, beginning with the weights of the first step (Polyak and Juditsky, 1992; as Keras' `use_ema` and PyTorch's
 * `get_ema_multi_avg_fn`). Training goes on with its own weights; what validation sees after each epoch, and what the phase
 * ends with, is the average. Moving statistics are those of training.
 *
 * @param settings The decay. An average of 0.99 looks back about 100 steps: with few steps take less.
 * @returns The callback, for `train({ callbacks })`. Costs one more copy of the weights that train.
 * @throws TransferError `INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { averagedWeights, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, callbacks: [averagedWeights({ decay: 0.9 })] });
 * ```
 */
export function averagedWeights(settings: AveragedWeightsSettings = {}): Callback & AveragedWeightsSettings {
  assertSettings('averagedWeights', settings, { decay: 0.99 });
  const { decay = 0.99 } = settings;
  assertRange('averagedWeights', from0Below1, { decay });
  const share = (count: number) => (count === 0 ? 0 : decay);
  return averaging('averagedWeights', settings, { each: 'step', from: 1, share });
}

/** Settings of {@link swaWeights}. */
export interface SwaWeightsSettings {
  /** The first epoch whose weights count, from 1: where training has settled, such as after three quarters of it. */
  readonly from: number;
}

/**
 * Stochastic weight averaging: the mean of the weights at the ends of epochs, from one of them on (Izmailov et al., 2018).
 * A constant rate, or a high one, makes it worth most. What validation sees from there on, and what the phase ends with, is
 * the mean. Of BatchNormalization that trains the statistics are computed anew for it, over the training split; that which
 * is frozen stays as it is.
 *
 * @param settings The first epoch.
 * @returns The callback, for `train({ callbacks })`. With a validation split the best weights are kept, which may be those
 * of an earlier epoch; add {@link lastWeights} to end with the mean in any case. Costs one more copy of the weights that
 * train, and where BatchNormalization trains a forward pass over the training split for each epoch.
 * @throws TransferError `INVALID_ARGUMENT`, also before a run where the phase has fewer epochs.
 *
 * @example
 * ```ts
 * import { lastWeights, swaWeights, train } from 'tfjs-transfer';
 *
 * train({ epochs: 12, learningRate: 1e-3, callbacks: [swaWeights({ from: 9 }), lastWeights()] });
 * ```
 */
export function swaWeights(settings: SwaWeightsSettings): Callback & SwaWeightsSettings {
  assertSettings('swaWeights', settings, { from: 9 });
  const { from } = settings;
  if (!(Number.isInteger(from) && from >= 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `swaWeights received from: ${from}. Pass the first epoch that counts, a whole number from 1.`,
    );
  }
  return averaging('swaWeights', settings, { each: 'epoch', from, share: (count) => count / (count + 1) });
}

const averaging = <Settings>(name: string, settings: Settings, rule: AverageRule): Callback & Settings => ({
  ...settings,
  kind: 'callback',
  name,
  start: () => () => ({}),
  average: () => rule,
});
