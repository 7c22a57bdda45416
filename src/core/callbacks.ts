import type { AverageRule } from './averages.ts';
import { TransferError } from './errors.ts';
import type { EpochRecord } from './events.ts';
import { assertSettings, type Known } from './settings.ts';

/** What a callback says after an epoch. */
export interface Verdict {
  /** Whether these weights are worth keeping as the phase's result. */
  readonly keep?: boolean;
  /** Ends the phase. */
  readonly stop?: boolean;
  /** A factor on the learning rate from here on. */
  readonly rateFactor?: number;
}

/**
 * Watches a phase: `start` makes a fresh observer, which is told of every epoch. Epoch 0 is the evaluation before the
 * first step, where there is a validation split.
 */
export interface Callback {
  readonly kind: 'callback';
  readonly name: string;
  /** Makes the observer of one phase. */
  start(): (epoch: EpochRecord) => Verdict;
  /** How the phase averages its weights, where it does: of one callback at most. */
  average?(): AverageRule;
}

/** What a callback watches. */
export interface MonitorSettings {
  /**
   * `loss` (the default), of the validation split where there is one, else of training; or the name of a metric, which
   * needs a validation split. A loss or an error is better where it is lower, any other metric where it is higher.
   */
  readonly monitor?: string;
  /** How much better counts as better. Default: 0. */
  readonly minDelta?: number;
}

const knownInMonitor: Known<MonitorSettings> = { monitor: 'loss', minDelta: 0 };

/** Whether a number of this name is better where it is lower. */
export const lowerIsBetter = (name: string) => /loss|error/i.test(name);

/** Reads the monitored number, turned so that higher is better. */
function monitored({ loss, validation }: EpochRecord, monitor: string): number {
  const numbers: Readonly<Record<string, number>> = { ...validation?.metrics, loss: validation?.loss ?? loss };
  const value = numbers[monitor];
  if (value !== undefined) return lowerIsBetter(monitor) ? -value : value;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `A callback monitors '${monitor}', which the phase does not measure. It measures ${Object.keys(numbers).join(', ')}. ` +
      'Monitor one of these, or add the metric, train({ metrics: [...] }), which needs a validation split.',
  );
}

/**
 * An observer that says whether the monitored number is the best so far. Of equal numbers the one with the lower
 * validation loss is better: a share of few examples is coarse.
 */
function improves({ monitor = 'loss', minDelta = 0 }: MonitorSettings): (epoch: EpochRecord) => boolean {
  let best = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  return (epoch) => {
    const value = monitored(epoch, monitor);
    const loss = epoch.validation?.loss ?? epoch.loss;
    const better = value > best + minDelta || (value === best && loss < lowest - minDelta);
    if (better) [best, lowest] = [value, loss];
    return better;
  };
}

/** Settings of {@link earlyStopping}. */
export interface EarlyStoppingSettings extends MonitorSettings {
  /** How many epochs may pass without a better one. Default: 5. */
  readonly patience?: number;
}

/**
 * Ends a phase when it gets no better (Keras' `EarlyStopping`). The best weights are kept whatever ends a phase.
 *
 * @param settings What to watch and how long to wait.
 * @returns The callback, for `train({ callbacks })`.
 *
 * @example
 * ```ts
 * import { earlyStopping, train } from 'tfjs-transfer';
 *
 * train({ epochs: 50, callbacks: [earlyStopping({ monitor: 'accuracy', patience: 3 })] });
 * ```
 */
export function earlyStopping(settings: EarlyStoppingSettings = {}): Callback & EarlyStoppingSettings {
  assertSettings('earlyStopping', settings, { patience: 5, ...knownInMonitor });
  const { patience = 5 } = settings;
  return {
    ...settings,
    kind: 'callback',
    name: 'earlyStopping',
    start() {
      const better = improves(settings);
      let waited = 0;
      return (epoch) => {
        waited = better(epoch) ? 0 : waited + 1;
        return { stop: waited >= patience };
      };
    },
  };
}

/** Settings of {@link reduceLROnPlateau}. */
export interface ReduceLROnPlateauSettings extends MonitorSettings {
  /** The factor on the rate. Default: 0.1. */
  readonly factor?: number;
  /** How many epochs may pass without a better one. Default: 10. */
  readonly patience?: number;
}

/**
 * Lowers the learning rate when a phase gets no better (Keras' `ReduceLROnPlateau`).
 *
 * @param settings What to watch, how long to wait, and the factor.
 * @returns The callback, for `train({ callbacks })`.
 *
 * @example
 * ```ts
 * import { reduceLROnPlateau, train } from 'tfjs-transfer';
 *
 * train({ epochs: 50, callbacks: [reduceLROnPlateau({ factor: 0.5, patience: 3 })] });
 * ```
 */
export function reduceLROnPlateau(settings: ReduceLROnPlateauSettings = {}): Callback & ReduceLROnPlateauSettings {
  assertSettings('reduceLROnPlateau', settings, { factor: 0.1, patience: 10, ...knownInMonitor });
  const { factor = 0.1, patience = 10 } = settings;
  return {
    ...settings,
    kind: 'callback',
    name: 'reduceLROnPlateau',
    start() {
      const better = improves(settings);
      let waited = 0;
      return (epoch) => {
        waited = better(epoch) ? 0 : waited + 1;
        if (waited < patience) return {};
        waited = 0;
        return { rateFactor: factor };
      };
    },
  };
}

/**
 * Says which weights a phase ends with: the best ones. Every phase does this by the validation loss where there is a
 * validation split, and ends with the last weights where there is none; name it to watch something else.
 *
 * @param settings What to watch.
 * @returns The callback, for `train({ callbacks })`.
 *
 * @example
 * ```ts
 * import { bestWeights, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, callbacks: [bestWeights({ monitor: 'accuracy' })] });
 * ```
 */
export function bestWeights(settings: MonitorSettings = {}): Callback & MonitorSettings {
  assertSettings('bestWeights', settings, knownInMonitor);
  return {
    ...settings,
    kind: 'callback',
    name: 'bestWeights',
    start() {
      const better = improves(settings);
      return (epoch) => ({ keep: better(epoch) });
    },
  };
}

/**
 * Says that a phase ends with its last weights, whatever the validation split says.
 *
 * @returns The callback, for `train({ callbacks })`.
 *
 * @example
 * ```ts
 * import { lastWeights, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, callbacks: [lastWeights()] });
 * ```
 */
export function lastWeights(): Callback {
  return { kind: 'callback', name: 'lastWeights', start: () => () => ({ keep: true }) };
}
