import type { AverageRule } from './averages.ts';
import type { EpochRecord } from './events.ts';
import type { Metric } from './metrics.ts';
import { assertMonitor, improves, type MonitorSettings } from './monitor.ts';
import { assertRange, type Range, wholeFrom1 } from './ranges.ts';

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
  /** Makes the observer of one phase, which measures these metrics. */
  start(metrics?: readonly Metric[]): (epoch: EpochRecord) => Verdict;
  /** How the phase averages its weights, where it does: of one callback at most. */
  average?(): AverageRule;
}

/** Settings of {@link earlyStopping}. */
export interface EarlyStoppingSettings extends MonitorSettings {
  /** How many epochs may pass without a better one: at the last of them it ends. From 1; default: 5. */
  readonly patience?: number;
}

/**
 * Ends a phase when it gets no better (Keras' `EarlyStopping`). The best weights are kept whatever ends a phase.
 *
 * @param settings What to watch and how long to wait.
 * @returns The callback, for `train({ callbacks })`.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { earlyStopping, train } from 'tfjs-transfer';
 *
 * train({ epochs: 50, callbacks: [earlyStopping({ monitor: 'accuracy', patience: 3 })] });
 * ```
 */
export function earlyStopping(settings: EarlyStoppingSettings = {}): Callback & EarlyStoppingSettings {
  assertMonitor('earlyStopping', settings, { patience: 5 });
  const { patience = 5 } = settings;
  assertRange('earlyStopping', wholeFrom1, { patience });
  return {
    ...settings,
    kind: 'callback',
    name: 'earlyStopping',
    start(metrics) {
      const better = improves(settings, metrics);
      let waited = 0;
      return (epoch) => {
        waited = better(epoch) ? 0 : waited + 1;
        return { stop: waited >= patience };
      };
    },
  };
}

const lowering: Range = ['a number above 0 and below 1', (factor) => (factor as number) > 0 && (factor as number) < 1];

/** Settings of {@link reduceLROnPlateau}. */
export interface ReduceLROnPlateauSettings extends MonitorSettings {
  /** The factor on the rate, above 0 and below 1. Default: 0.1. */
  readonly factor?: number;
  /** How many epochs may pass without a better one. From 1; default: 10. */
  readonly patience?: number;
}

/**
 * Lowers the learning rate when a phase gets no better (Keras' `ReduceLROnPlateau`).
 *
 * @param settings What to watch, how long to wait, and the factor.
 * @returns The callback, for `train({ callbacks })`.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { reduceLROnPlateau, train } from 'tfjs-transfer';
 *
 * train({ epochs: 50, callbacks: [reduceLROnPlateau({ factor: 0.5, patience: 3 })] });
 * ```
 */
export function reduceLROnPlateau(settings: ReduceLROnPlateauSettings = {}): Callback & ReduceLROnPlateauSettings {
  assertMonitor('reduceLROnPlateau', settings, { factor: 0.1, patience: 10 });
  const { factor = 0.1, patience = 10 } = settings;
  assertRange('reduceLROnPlateau', lowering, { factor });
  assertRange('reduceLROnPlateau', wholeFrom1, { patience });
  return {
    ...settings,
    kind: 'callback',
    name: 'reduceLROnPlateau',
    start(metrics) {
      const better = improves(settings, metrics);
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
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { bestWeights, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, callbacks: [bestWeights({ monitor: 'accuracy' })] });
 * ```
 */
export function bestWeights(settings: MonitorSettings = {}): Callback & MonitorSettings {
  assertMonitor('bestWeights', settings, {});
  return {
    ...settings,
    kind: 'callback',
    name: 'bestWeights',
    start(metrics) {
      const better = improves(settings, metrics);
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
