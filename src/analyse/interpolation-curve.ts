import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { defaultMetrics } from '../core/measure.ts';
import type { Metric } from '../core/metrics.ts';
import { lowerIsBetter } from '../core/monitor.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { lostOr } from '../model/device.ts';
import { dispose } from '../model/dispose.ts';
import { folderOf, noFindings } from '../model/fold.ts';
import { interpolate } from '../model/interpolate.ts';
import { type Network, networkBehind } from '../model/network.ts';
import { split } from '../model/split.ts';
import { breather } from '../train/breathe.ts';
import { computeFeatures } from '../train/features.ts';
import { keepFeatures } from '../train/keep-features.ts';
import { bytesPerExample, narrowCut } from '../train/narrow-cut.ts';
import { score } from '../train/score.ts';
import { assertExamples, assertMetrics } from '../train/targets.ts';
import { finiteValue } from './finite-value.ts';

/** Settings of {@link interpolationCurve}. */
export interface InterpolationCurveSettings {
  /** The shares of the model after tuning, each from 0 to 1. Default: 0, 0.1, ... 1. */
  readonly alphas?: readonly number[];
  /** What is measured. Default: accuracy, or the mean absolute error in regression. */
  readonly metric?: Metric;
  /** Examples at a time. Default: 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** A mixture of two models, measured. */
export interface InterpolationPoint {
  readonly alpha: number;
  readonly value: number;
  readonly loss: number;
}

/** What mixtures of two models are worth. */
export interface InterpolationCurve {
  readonly metric: string;
  /** In the order of the alphas. */
  readonly points: readonly InterpolationPoint[];
  /** The best by the metric; of equal ones that with the lowest loss. */
  readonly best: InterpolationPoint;
}

/**
 * Measures the mixtures of a model before and after tuning, `(1 - alpha) before + alpha after` (WiSE-FT; Wortsman et al.,
 * 2022a). What lies below all that tuning changed is computed once for each example, the rest once for each alpha.
 *
 * @param before What `fineTune` was given, or a model of an earlier stage.
 * @param after What it returned.
 * @param examples What decides, such as `data.validation`. Measure on examples of another kind as well: the mixture is
 * mostly worth more there.
 * @param settings Alphas, metric, batch size and signal.
 * @returns The curve and its best point, for `interpolate([before, after], [1 - best.alpha, best.alpha])`. With a head
 * that was random before, mix models of the same head: after `linearProbe`, and after the tuning that followed.
 * @throws TransferError `INVALID_ARGUMENT` for an alpha outside 0 to 1, no alphas, a batch size below 1, or models of different networks;
 * `INVALID_DATA`; `DISPOSED`. An abort rejects with its reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, fineTune, interpolate, linearProbe, pipe, sequence, train, unfreeze } from 'tfjs-transfer';
 * import { interpolationCurve } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const examples = await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]);
 * const { model: before } = await fineTune(model, { train: examples }, linearProbe({ epochs: 2 }));
 * const { model: after } = await fineTune(before, { train: examples }, sequence(unfreeze(), train({ epochs: 1 })));
 * const { points, best } = await interpolationCurve(before, after, examples);
 * const mixed = interpolate([before, after], [1 - best.alpha, best.alpha]);
 * console.log(points.length, mixed.head.labels); // 11 ['dark', 'light']
 * ```
 */
export async function interpolationCurve(
  before: TransferModel,
  after: TransferModel,
  examples: Examples,
  settings: InterpolationCurveSettings = {},
): Promise<InterpolationCurve> {
  assertSettings('interpolationCurve', settings, { alphas: [], metric: {}, batchSize: 32, signal: undefined });
  const { alphas = Array.from({ length: 11 }, (_, i) => i / 10), batchSize = 32, signal } = settings;
  assertRange('interpolationCurve', wholeFrom1, { batchSize });
  if (alphas.length === 0 || alphas.some((alpha) => !(alpha >= 0 && alpha <= 1))) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `interpolationCurve received the alphas ${JSON.stringify(alphas)}. Pass numbers from 0 (before) to 1 (after), such as [0, 0.5, 1].`,
    );
  }
  // What cannot be mixed is refused before anything is read.
  dispose(interpolate([before, after], [1, 0]));
  const { head } = before;
  const metric = settings.metric ?? (defaultMetrics(head.task)[0] as Metric);
  assertMetrics(head, [metric]);
  assertExamples(head, examples, 'given');
  const network = networkBehind(before);
  const divided = narrowCut(network.graph, split(network.graph, changedLayers(before, after, network)));
  const findings = noFindings();
  const below = folderOf(network, findings);
  const source = {
    network,
    folder: below,
    values: before.lease.values,
    split: divided,
    examples: { ...examples, augmented: false },
    inputs: before.inputs,
    ...(signal && { signal }),
  };
  const pause = breather(signal);
  const bytes = bytesPerExample(network.graph, divided.cut, examples.length) * examples.size;
  const keeping = { split: 'validation', views: 1, batchSize, bytes, used: 0, budget: 2 ** 30 } as const;
  const filling = keepFeatures(source, keeping, pause);
  try {
    let next = await filling.next();
    while (!next.done) next = await filling.next();
    const cache = next.value;
    const read = (indices: readonly number[]) => cache?.read(indices, 0) ?? computeFeatures(source, indices, undefined);
    try {
      const points: InterpolationPoint[] = [];
      for (const alpha of alphas) points.push({ alpha, ...(await measured(alpha, read)) });
      const sign = lowerIsBetter(metric) ? -1 : 1;
      const [best] = [...points].sort((a, b) => sign * (b.value - a.value) || a.loss - b.loss);
      return { metric: metric.name, points, best: best as InterpolationPoint };
    } finally {
      await cache?.dispose();
    }
  } catch (error) {
    throw await lostOr(error);
  } finally {
    below.dispose();
  }

  async function measured(alpha: number, read: Parameters<typeof score>[4]) {
    const mixed = interpolate([before, after], [1 - alpha, alpha]);
    const folder = folderOf(network, findings);
    try {
      const where = { folder, values: mixed.lease.values, graph: network.graph, split: divided };
      const { loss, outcome } = await score(where, { head, loss: head.loss }, examples, batchSize, read, pause);
      return { value: finiteValue('interpolationCurve', metric.name, metric.compute(outcome)), loss };
    } finally {
      folder.dispose();
      dispose(mixed);
    }
  }
}

/**
 * The layers of the head, and those of which a weight is not the same tensor in both: tuning copies what it changes, and
 * one may have updates of low rank that the other lacks.
 */
function changedLayers(before: TransferModel, after: TransferModel, { variables }: Network): ReadonlySet<string> {
  const data = ({ lease }: TransferModel, key: string) => (lease.values[key] ?? variables.get(key)?.val)?.dataId;
  const changed = [...before.layers, ...after.layers].filter(
    ({ part, weights }) => part === 'head' || weights.some(({ key }) => data(before, key) !== data(after, key)),
  );
  return new Set(changed.map(({ path }) => path));
}
