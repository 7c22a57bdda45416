import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { FineTuned, TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import { defaultMetrics } from '../core/measure.ts';
import type { Metric } from '../core/metrics.ts';
import type { Strategy } from '../core/strategy.ts';
import { dispose } from '../model/dispose.ts';
import { beginRun } from '../model/runs.ts';
import { breather } from '../train/breathe.ts';
import type { Shared } from '../train/share-features.ts';
import { finiteValue } from './finite-value.ts';

/** What a run came to. */
export interface SweepRun {
  /** The metric of the weights that the run ended with, on the validation split; undefined where it failed. */
  readonly value?: number;
  /** The loss of the same. */
  readonly loss?: number;
  /** Why it failed: its numbers were no longer finite. */
  readonly failure?: string;
}

/** What all runs have in common. */
export interface SweepRunSettings {
  readonly metric: Metric;
  readonly seed: number;
  readonly cacheBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onFeatures: (event: TrainEvent) => void;
}

/** Runs strategies on the same features. */
export interface SweepRuns {
  run(strategy: Strategy): Promise<SweepRun>;
  /** Refuses what all runs came to where the model changed meanwhile. */
  assertUnchanged(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Makes what runs strategies on features that are computed once, with the first run.
 *
 * @param model The model that each begins with.
 * @param data The data.
 * @param strategies All strategies that may run: their frontiers count, not their epochs.
 * @param settings What runs have in common.
 */
export function sweepRuns(
  model: TransferModel,
  data: Dataset,
  strategies: readonly Strategy[],
  { metric, seed, cacheBytes, signal, onFeatures }: SweepRunSettings,
): SweepRuns {
  // What computes and trains is loaded with the first run.
  let shared: Shared | undefined;

  async function computed(): Promise<Shared> {
    const sharing = { budget: cacheBytes, pause: breather(signal), ...(signal && { signal }) };
    const { shareFeatures } = await import('../train/share-features.ts');
    const computing = shareFeatures(model, data, strategies, sharing);
    let next = await computing.next();
    for (; !next.done; next = await computing.next()) onFeatures(next.value);
    return next.value;
  }

  async function tuned(strategy: Strategy): Promise<FineTuned> {
    shared ??= await computed();
    const { runStrategy } = await import('../train/run-strategy.ts');
    const settings = { seed, cacheBytes, ...(signal && { signal }) };
    for await (const event of runStrategy(model, data, strategy, settings, shared.features)) {
      if (event.kind === 'done') return event;
    }
    throw new TransferError('RUN_FAILED', 'A run of sweep ended without a result.');
  }

  return {
    async run(strategy) {
      const endRun = beginRun();
      try {
        const { model: made, history, ended } = await tuned(measuring(strategy, metric, model));
        dispose(made);
        if (ended === 'aborted') signal?.throwIfAborted();
        const last = history.phases.at(-1);
        const scores = last?.epochs.find(({ epoch }) => epoch === last.kept)?.validation;
        const [value, loss] = [scores?.metrics[metric.name] as number, scores?.loss as number];
        if (!Number.isFinite(loss)) return { failure: `The loss on the validation split is ${loss}.` };
        return { value: finiteValue('sweep', metric.name, value), loss };
      } catch (error) {
        if (!(error instanceof TransferError && error.code === 'NOT_FINITE')) throw error;
        if (error.model) dispose(error.model);
        return { failure: error.message };
      } finally {
        endRun();
      }
    },
    async assertUnchanged() {
      await shared?.assertUnchanged();
    },
    async dispose() {
      await shared?.dispose();
    },
  };
}

/** The strategy with the metric measured in each phase, beside those that it measures. */
const measuring = (strategy: Strategy, metric: Metric, { head }: TransferModel) =>
  strategy.map((step) => {
    if (step.kind === 'edit') return step;
    const others = (step.metrics ?? defaultMetrics(head.task)).filter(({ name }) => name !== metric.name);
    return { ...step, metrics: [...others, metric] };
  }) as unknown as Strategy;
