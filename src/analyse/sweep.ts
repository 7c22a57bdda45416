import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import { defaultMetrics } from '../core/measure.ts';
import type { Metric } from '../core/metrics.ts';
import { lowerIsBetter } from '../core/monitor.ts';
import { assertSettings } from '../core/settings.ts';
import type { Strategy } from '../core/strategy.ts';
import { assertMetrics } from '../train/targets.ts';
import { epochsOf, scaled } from './scale-strategy.ts';
import { type SweepRun, sweepRuns } from './sweep-runs.ts';
import { assertSweep, type SweepState, stateOf } from './sweep-state.ts';

export type { SweepRun, SweepState };

/** Settings of {@link sweep}. */
export interface SweepSettings {
  /** How many epochs all runs together may have. Each round gets an equal part of them. */
  readonly budget: number;
  /** What decides, on the validation split; of equal ones the lower loss. Default: accuracy, or the mean absolute error in regression. */
  readonly metric?: Metric;
  /** Seed of all runs. Default: 0. */
  readonly seed?: number;
  /** What an earlier sweep of the same model and data came to: its runs are not repeated. */
  readonly state?: SweepState;
  /** How many bytes of features may be kept in memory; past that they lie in temporary files. Default: 1 GiB. */
  readonly cacheBytes?: number;
  readonly signal?: AbortSignal;
  /** Called for each batch of features, and after each run. */
  readonly onEvent?: (event: SweepEvent) => void;
}

/** What a sweep reports while it works: how far the features are, and each run with all that is to be kept so far. */
export type SweepEvent =
  | TrainEvent
  | ({
      readonly kind: 'run';
      /** The position of the strategy in the list. */
      readonly position: number;
      readonly round: number;
      readonly epochs: number;
      readonly done: number;
      readonly total: number;
      readonly state: SweepState;
    } & SweepRun);

/** A strategy in the table of a sweep. */
export interface SweepRow extends SweepRun {
  /** Its position in the list. */
  readonly position: number;
  readonly strategy: Strategy;
  /** The strategy as a module of JavaScript: {@link strategyCode}. */
  readonly code: string;
  /** How many rounds it had, from 1. */
  readonly rounds: number;
  /** How many epochs its last run had: that is what its value is of. */
  readonly epochs: number;
}

/** What a sweep found. */
export interface Sweep {
  /** The strategy that was left, in full length. */
  readonly winner: SweepRow;
  /** All strategies, the best first: those that had more rounds before those that had fewer. */
  readonly rows: readonly SweepRow[];
  readonly metric: string;
  /** How many epochs were run; those that the given state knew do not count. */
  readonly epochs: number;
  readonly state: SweepState;
}

/**
 * Looks for the best of many strategies by successive halving: all of them run for a few epochs, the better half for twice
 * as many, until one is left (Jamieson and Talwalkar, 2016, figure 3). A run of fewer epochs than its strategy has is the
 * same strategy with each phase shortened, schedules included, and begins anew: half of `probeThenTune` is half of a probe
 * and half of a tuning. Features below frontiers are computed once, for all runs together.
 *
 * @param model The model, which each run begins with. It is not changed.
 * @param strategies The strategies: a grid of rates, depths and recipes is a `flatMap`.
 * @param data The data, with a validation split, which decides. Report on another one.
 * @param settings The budget, and what an earlier sweep left.
 * @returns The winner, as a value and as code, the table, and the state. Costs `budget` epochs at most.
 * @throws TransferError `INVALID_ARGUMENT` for no strategies, one with values of one's own, a budget of less than an
 * epoch for each phase, or a state of something else; `INVALID_DATA` without a validation split; `NOT_FINITE` where no strategy
 * gives finite numbers; what `fineTune` throws. An abort rejects with its reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, pipe, probeThenTune } from 'tfjs-transfer';
 * import { sweep } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const examples = await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]);
 * const grid = [1, 2].flatMap((top) =>
 *   [1e-4, 1e-3].map((learningRate) => probeThenTune({ top, probe: { epochs: 2 }, tune: { epochs: 2, learningRate } })),
 * );
 * const { winner, rows } = await sweep(model, grid, { train: examples, validation: examples }, { budget: 24 });
 * console.log(winner.code, rows.map(({ value, epochs }) => [value, epochs]));
 * ```
 */
export async function sweep(
  model: TransferModel,
  strategies: readonly Strategy[],
  data: Dataset,
  settings: SweepSettings,
): Promise<Sweep> {
  assertSettings('sweep', settings, {
    budget: 200,
    metric: {},
    seed: 7,
    state: {},
    cacheBytes: 2 ** 30,
    signal: undefined,
    onEvent: Function,
  });
  const { budget, seed = 0, cacheBytes = 2 ** 30, signal, onEvent } = settings;
  const rounds = Math.max(1, Math.floor(Math.log2(strategies?.length || 1)));
  const codes = assertSweep(model, strategies, data, { budget, rounds });
  const metric = settings.metric ?? (defaultMetrics(model.head.task)[0] as Metric);
  assertMetrics(model.head, [metric]);
  const known = stateOf(settings.state, {
    seed,
    metric: metric.name,
    examples: [data.train.size, data.validation?.size ?? 0],
  });
  const runs: Record<string, SweepRun> = { ...known.runs };
  const state = (): SweepState => ({ ...known, runs: { ...runs } });
  const running = sweepRuns(model, data, strategies, {
    metric,
    seed,
    cacheBytes,
    signal,
    onFeatures: (event) => onEvent?.(event),
  });
  const sizes = Array.from({ length: rounds }, (_, round) => Math.floor(strategies.length / 2 ** round));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let [left, done, spent] = [[...strategies.keys()], 0, 0];
  let rows: SweepRow[] = [];
  try {
    for (const [round, size] of sizes.entries()) {
      const share = Math.floor(budget / (rounds * size));
      const measured: SweepRow[] = [];
      for (const position of left) {
        signal?.throwIfAborted();
        const strategy = strategies[position] as Strategy;
        const epochs = Math.min(share, epochsOf(strategy));
        const shorter = scaled(strategy, epochs);
        const key = JSON.stringify(shorter);
        const isNew = !runs[key];
        const run = runs[key] ?? (await running.run(shorter));
        runs[key] = run;
        done++;
        if (isNew) spent += epochs;
        measured.push({ position, strategy, code: codes[position] as string, rounds: round + 1, epochs, ...run });
        onEvent?.({ kind: 'run', position, round: round + 1, epochs, done, total, state: state(), ...run });
      }
      measured.sort(byValue(lowerIsBetter(metric) ? -1 : 1));
      rows = [...measured, ...rows.slice(size)];
      left = measured.slice(0, Math.max(1, Math.floor(size / 2))).map(({ position }) => position);
    }
    await running.assertUnchanged();
  } finally {
    await running.dispose();
  }
  const winner = rows[0] as SweepRow;
  if (winner.value === undefined) {
    throw new TransferError('NOT_FINITE', `sweep found no strategy with finite numbers. ${winner.failure}`);
  }
  return { winner, rows, metric: metric.name, epochs: spent, state: state() };
}

/** Better ones first; what failed last. */
const byValue = (sign: number) => (a: SweepRow, b: SweepRow) => {
  if (a.value === undefined || b.value === undefined)
    return Number(a.value === undefined) - Number(b.value === undefined);
  return sign * (b.value - a.value) || (a.loss as number) - (b.loss as number) || a.position - b.position;
};
