import type { FeatureWorkers } from '../core/feature-workers.ts';
import type { Known } from '../core/settings.ts';
import type { Store } from '../core/store.ts';

/** Settings of a run. */
export interface RunSettings {
  /** Seed of the order of examples, of dropout and noise, and of augmentation. Default: 0. */
  readonly seed?: number;
  /** Stops the run after the current step; it resolves with `ended: 'aborted'`. */
  readonly signal?: AbortSignal;
  /**
   * How many bytes of features may be kept in memory; past that they lie in a temporary file, which the event
   * `cacheExceeded` reports. 0 keeps none anywhere. Default: 1 GiB.
   */
  readonly cacheBytes?: number;
  /**
   * Where features are kept for the next run: a store, or in Node the path of a folder. A run on the same frozen layers,
   * data and views finds them there and does not compute them; the event `savedFeatures` says so. The place holds those of
   * one run, as far as they fit into `cacheBytes`. Default: nowhere.
   */
  readonly featureStore?: Store | string;
  /** Who computes the features that are kept: `featureWorkers(2)`. The same bits, sooner. Default: this thread. */
  readonly workers?: FeatureWorkers;
}

/** The settings of every run. */
export const knownInRun: Known<RunSettings> = {
  seed: 7,
  signal: undefined,
  cacheBytes: 2 ** 30,
  featureStore: undefined,
  workers: undefined,
};
