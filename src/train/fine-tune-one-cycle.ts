import { freeze, unfreeze } from '../core/edits.ts';
import { discriminative } from '../core/rate-edits.ts';
import { oneCycle } from '../core/schedules.ts';
import { assertSettings } from '../core/settings.ts';
import { type Strategy, sequence, train } from '../core/strategy.ts';
import { knownInTrain, type TrainSettings } from '../core/train-settings.ts';
import { adamw } from './optimizers.ts';

/** Settings of {@link fineTuneOneCycle}. */
export interface FineTuneOneCycleSettings extends Partial<Omit<TrainSettings, 'epochs' | 'schedule'>> {
  /** The rate of the head with the base frozen; the second phase has half of it at the head. Default: 2e-3. */
  readonly learningRate?: number;
  /** How long the head trains alone. Default: 1 epoch. */
  readonly freezeEpochs?: number;
}

const momentums = [0.95, 0.85] as const;

/**
 * What fastai's `fine_tune` does, with its defaults: an epoch of the head alone, then everything at half the rate, down to
 * a hundredth of it at the lowest layers, each in one cycle of rate and momentum (Howard and Gugger, 2020; Smith, 2018).
 * BatchNormalization stays frozen, as everywhere here; fastai trains it. Put {@link batchNorm}`('train')` before it for that.
 *
 * @param epochs Epochs of the second phase.
 * @param settings The rate, how long the head trains alone, and what both phases share.
 * @returns `sequence(freeze(), train({ epochs: freezeEpochs, schedule: oneCycle({ pctStart: 0.99 }) }), unfreeze(),
 * discriminative({ lowest: 0.01 }), train({ epochs, schedule: oneCycle({ pctStart: 0.3, div: 5 }) }))`, with a final rate of
 * a hundred-thousandth, momentum from 0.95 to 0.85 and back, and AdamW with fastai's constants.
 * @throws TransferError `INVALID_ARGUMENT` for settings that {@link train} refuses.
 *
 * @example
 * ```ts
 * import { fineTuneOneCycle } from 'tfjs-transfer';
 *
 * const strategy = fineTuneOneCycle(4, { batchSize: 64 });
 * console.log(strategy.length); // 5
 * ```
 */
export function fineTuneOneCycle(epochs: number, settings: FineTuneOneCycleSettings = {}): Strategy {
  const { epochs: _, schedule: __, ...known } = knownInTrain;
  assertSettings('fineTuneOneCycle', settings, { ...known, learningRate: 2e-3, freezeEpochs: 1 });
  const { learningRate = 2e-3, freezeEpochs = 1, ...shared } = settings;
  const optimizer = adamw({ weightDecay: 0.01, beta2: 0.99, epsilon: 1e-5, convention: 'pytorch' });
  // `finalDiv` counts from the first rate: fastai's last one is a hundred-thousandth of the peak.
  const cycle = (pctStart: number, div: number) => oneCycle({ pctStart, div, finalDiv: 1e5 / div, momentums });
  return sequence(
    freeze(),
    train({ optimizer, ...shared, epochs: freezeEpochs, learningRate, schedule: cycle(0.99, 25) }),
    unfreeze(),
    discriminative({ lowest: 0.01 }),
    train({ optimizer, ...shared, epochs, learningRate: learningRate / 2, schedule: cycle(0.3, 5) }),
  );
}
