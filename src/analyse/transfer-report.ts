import { assertStrategy } from '../core/assert-strategy.ts';
import type { Dataset, Examples } from '../core/data.ts';
import type { Base, TransferModel } from '../core/handle.ts';
import { accuracy, type Metric } from '../core/metrics.ts';
import { assertSettings } from '../core/settings.ts';
import type { Strategy } from '../core/strategy.ts';
import { dispose } from '../model/dispose.ts';
import { fromScratch } from '../model/from-scratch.ts';
import { finiteValue } from './finite-value.ts';
import { type Forgetting, forgetting } from './forgetting.ts';
import { assertComparable, curveOf, type ReportEvent, wholeOf } from './learning-curve.ts';
import { type Curve, type Estimate, estimate, measuresOf, type TransferMeasures } from './transfer-measures.ts';
import { zeroStep } from './zero-step.ts';

/** Settings of {@link transferReport}. */
export interface TransferReportSettings {
  /** One pair of runs for each. Default: `[0, 1, 2]`; intervals of fewer than 2 are none. */
  readonly seeds?: readonly number[];
  /** What curves show, higher being better. Default: accuracy. */
  readonly metric?: Metric;
  /**
   * How the learner from scratch trains, with as many epochs. Default: `sequence(unfreeze(), batchNorm('train'), train(...))`
   * with the settings of the strategy's last phase, at a rate of 1e-3 and without penalties that hold it to the base.
   */
  readonly scratch?: Strategy;
  /** The value that {@link TransferMeasures} tells the time of. Default: what the learner from scratch ends with. */
  readonly threshold?: number;
  /** The model or base that the transfer began with, and examples of its task: says what each tuned model forgot of it. */
  readonly source?: { readonly model: Base | TransferModel; readonly examples: Examples };
  /** Stops the report, which then throws the signal's reason: half of a comparison is none. */
  readonly signal?: AbortSignal;
  /** Called after each run. */
  readonly onEvent?: (event: ReportEvent) => void;
}

/** What a transfer was worth. */
export interface TransferReport extends TransferMeasures {
  readonly metric: string;
  readonly seeds: readonly number[];
  /** The metric on the validation split at each epoch, from 0, a row for each seed. */
  readonly curves: { readonly transfer: readonly Curve[]; readonly scratch: readonly Curve[] };
  /** What a head says that is the means of the classes in the features, without any training: of classifiers alone. */
  readonly zeroStep?: { readonly transfer: number; readonly scratch: number };
  /** What the transferred learner still knows of the source task, over seeds, where a source was given: {@link forgetting}. */
  readonly forgetting?: { readonly before: number; readonly after: Estimate; readonly forgotten: Estimate };
}

/**
 * Says what a transfer was worth: trains the model by a strategy and, beside it, the same network from random weights on
 * the same data for as many epochs, and compares the learning curves over seeds (Taylor and Stone, 2009).
 *
 * @param model The model: a pretrained base with a head.
 * @param data The data, with a validation split, which the curves are measured on.
 * @param strategy The strategy of the transfer.
 * @param settings Seeds, metric, and how the other learns.
 * @returns Jumpstart, asymptote, total reward and ratio with intervals, the time to a threshold, a verdict, and the curves.
 * Costs two runs for each seed, of which those from scratch cache nothing.
 * @throws TransferError `INVALID_DATA` without a validation split, or where the metric has no value on it; `INVALID_ARGUMENT` for a metric that is better where it
 * is lower, or no seeds; what `fineTune` throws.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, linearProbe, pipe } from 'tfjs-transfer';
 * import { transferReport } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const examples = await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]);
 * const report = await transferReport(model, { train: examples, validation: examples }, linearProbe({ epochs: 2 }));
 * console.log(report.verdict, report.totalReward.mean);
 * ```
 */
export async function transferReport(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: TransferReportSettings = {},
): Promise<TransferReport> {
  assertSettings('transferReport', settings, {
    seeds: [],
    metric: {},
    scratch: [],
    threshold: 1,
    source: {},
    signal: undefined,
    onEvent: Function,
  });
  const { seeds = [0, 1, 2], metric = accuracy(), source, signal, onEvent } = settings;
  assertStrategy(strategy);
  assertComparable('transferReport', data, seeds, metric);
  const validation = data.validation as Examples;
  const scratchStrategy = settings.scratch ?? wholeOf(strategy);
  const curves: { transfer: Curve[]; scratch: Curve[] } = { transfer: [], scratch: [] };
  const ended = (learner: keyof typeof curves, seed: number) => {
    const done = curves.transfer.length + curves.scratch.length;
    onEvent?.({ kind: 'run', learner, seed, examples: data.train.size, done, total: 2 * seeds.length });
  };
  const forgot: Forgetting[] = [];
  const onModel =
    source &&
    (async (tuned: TransferModel) => {
      forgot.push(await forgetting(source.model, tuned, source.examples, { metric, ...(signal && { signal }) }));
    });
  const finite = (curve: Curve) => curve.map((value) => finiteValue('transferReport', metric.name, value));
  for (const seed of seeds) {
    curves.transfer.push(finite(await curveOf(model, data, strategy, { metric, seed, signal, onModel })));
    ended('transfer', seed);
    const other = fromScratch(model, seed);
    try {
      curves.scratch.push(finite(await curveOf(other, data, scratchStrategy, { metric, seed, signal })));
    } finally {
      dispose(other);
    }
    ended('scratch', seed);
  }
  const zero = await zeroStep(model, { ...data, validation }, metric, seeds[0] as number, signal);
  return {
    ...measuresOf(curves.transfer, curves.scratch, settings.threshold),
    metric: metric.name,
    seeds,
    curves,
    ...(zero && { zeroStep: zero }),
    ...(forgot[0] && {
      forgetting: {
        before: forgot[0].before,
        after: estimate(forgot.map(({ after }) => after)),
        forgotten: estimate(forgot.map(({ forgotten }) => forgotten)),
      },
    }),
  };
}
