import type { Callback } from './callbacks.ts';
import type { Loss } from './loss.ts';
import type { Metric } from './metrics.ts';
import type { Mix } from './mix.ts';
import type { Optimizer } from './optimizer.ts';
import type { Penalty } from './penalties.ts';
import type { Schedule } from './schedules.ts';
import type { Known } from './settings.ts';

/** Settings of {@link train}. */
export interface TrainSettings {
  /** How often every example is seen. */
  readonly epochs: number;
  /** The peak rate. Default: 1e-3 for the head and 1e-4 for tuned layers of the base. */
  readonly learningRate?: number;
  /** Examples a step. Default: 32. */
  readonly batchSize?: number;
  /** Default: Adam. */
  readonly optimizer?: Optimizer;
  /** How the rate moves. Default: constant. */
  readonly schedule?: Schedule;
  /** Default: the head's. */
  readonly loss?: Loss;
  /** What is added to the loss, such as `[l2SP()]`. Default: nothing but what layers bring themselves. */
  readonly penalties?: readonly Penalty[];
  /** How training examples are mixed with others: `mixup()` or `cutmix()`. Default: not at all. */
  readonly mix?: Mix;
  /** Default: none but the keeping of the best weights. */
  readonly callbacks?: readonly Callback[];
  /** Computed on the validation split after each epoch. Default: accuracy, or the mean absolute error in regression. */
  readonly metrics?: readonly Metric[];
  /**
   * How many augmented views of an example there are. Each is computed once and its features are cached; without it,
   * every epoch sees a new view and nothing is cached. Mixtures are views. No effect on data with neither.
   */
  readonly views?: number;
}

/** The settings of {@link train}, which checks values in words of its own. */
export const knownInTrain: Known<TrainSettings> = {
  epochs: 10,
  learningRate: undefined,
  batchSize: undefined,
  optimizer: undefined,
  schedule: undefined,
  loss: undefined,
  penalties: undefined,
  mix: undefined,
  callbacks: undefined,
  metrics: undefined,
  views: undefined,
};
