import { lastWeights } from '../core/callbacks.ts';
import type { Dataset } from '../core/data.ts';
import { unfreeze } from '../core/edits.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Metric } from '../core/metrics.ts';
import { lowerIsBetter } from '../core/monitor.ts';
import { batchNorm } from '../core/rate-edits.ts';
import { type Phase, type Strategy, sequence, train } from '../core/strategy.ts';
import { dispose } from '../model/dispose.ts';
import { fineTuneSteps } from '../train/fine-tune-steps.ts';
import { epochsOf, phasesOf } from './scale-strategy.ts';

/** What `transferReport` and `dataEfficiency` report while they work: each run that has ended. */
export interface ReportEvent {
  readonly kind: 'run';
  /** Whether it began with the base or with random weights. */
  readonly learner: 'transfer' | 'scratch';
  readonly seed: number;
  /** How many examples it was trained on. */
  readonly examples: number;
  /** How many runs have ended, this one included, of how many. */
  readonly done: number;
  readonly total: number;
}

/** Refuses what no two learners can be compared by. */
export function assertComparable(caller: string, data: Dataset, seeds: readonly number[], metric: Metric): void {
  if (!data?.validation) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller} received data without a validation split, which its curves are measured on. Pass { train, validation }.`,
    );
  }
  if (seeds.length === 0 || lowerIsBetter(metric)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${caller} received ${seeds.length} seeds and the metric ${metric.name}. Pass at least one seed, and a metric that is better where it is higher.`,
    );
  }
}

/** The learner from scratch: everything trains, for as many epochs as the strategy has. */
export function wholeOf(strategy: Strategy): Strategy {
  const { kind: _kind, name: _name, penalties = [], ...last } = phasesOf(strategy).at(-1) as Phase;
  // All others hold it to a base, which it has none of.
  const teachers = penalties.filter(({ name }) => name === 'distillation');
  return sequence(
    unfreeze(),
    batchNorm('train'),
    train({ ...last, penalties: teachers, learningRate: 1e-3, epochs: epochsOf(strategy) }),
  );
}

/** How a curve is measured. */
export interface CurveSettings {
  readonly metric: Metric;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  /** Called with the model at the end, which is disposed after it. */
  readonly onModel?: ((model: TransferModel) => Promise<void>) | undefined;
}

/** The metric at each epoch, from 0, of a run whose weights are not kept. */
export async function curveOf(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  { metric, seed, signal, onModel }: CurveSettings,
): Promise<number[]> {
  // The last weights count, and nothing stops early: a curve is not to choose its end by what it is measured on.
  const averaging = ({ callbacks = [] }: Phase) => callbacks.filter(({ average }) => average);
  const steps = strategy.map((step) =>
    step.kind === 'phase' ? { ...step, metrics: [metric], callbacks: [...averaging(step), lastWeights()] } : step,
  ) as unknown as Strategy;
  const curve: number[] = [];
  for await (const event of fineTuneSteps(model, data, steps, { seed, ...(signal && { signal }) })) {
    if (event.kind === 'epoch' && event.validation && (event.epoch > 0 || event.phase === 0)) {
      curve.push(event.validation.metrics[metric.name] as number);
    }
    if (event.kind !== 'done') continue;
    try {
      if (event.ended === 'aborted') signal?.throwIfAborted();
      await onModel?.(event.model);
    } finally {
      dispose(event.model);
    }
  }
  return curve;
}
