import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { defaultMetrics, measure } from '../core/measure.ts';
import type { Metric } from '../core/metrics.ts';
import type { Outcome } from '../core/outcome.ts';
import { type ClassOutcome, confusionMatrix, perClass } from '../core/per-class.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { lostOr } from '../model/device.ts';
import { findingsOf, folderOf } from '../model/fold.ts';
import { networkBehind } from '../model/network.ts';
import { split } from '../model/split.ts';
import { trainedBy } from '../model/trained.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { withWeights } from '../model/with-weights.ts';
import { breather } from './breathe.ts';
import { computeFeatures } from './features.ts';
import { score } from './score.ts';
import { assertExamples, assertMetrics } from './targets.ts';

/** Settings of {@link evaluate}. */
export interface EvaluateSettings {
  /** What is computed beside the loss. Default: accuracy, or the mean absolute error in regression. */
  readonly metrics?: readonly Metric[];
  /** Examples at a time. Default: 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** How good a model is on examples. */
export interface Evaluation {
  /** The mean of the head's loss. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Precision, recall and F1 of each label; empty in regression. */
  readonly perClass: readonly ClassOutcome[];
  /** Rows are true classes, columns predicted ones; of classifiers only, those of tokens included. */
  readonly confusion: readonly (readonly number[])[];
  /** Scores and targets, for metrics of one's own. */
  readonly outcome: Outcome;
}

/**
 * Measures a model on labelled examples.
 *
 * @param model The model.
 * @param examples The examples, such as `data.test`.
 * @param settings Metrics, batch size and signal.
 * @returns Loss, metrics, and a table for each class. Costs one forward pass an example.
 * @throws TransferError `INVALID_DATA` where there are no examples, one cannot be read or holds NaN, or targets do not fit the
 * head; `INVALID_ARGUMENT` for settings that are none, and for a metric that does not fit the task; `INVALID_ORDER` for what is
 * no model; `DEVICE_LOST`; `DISPOSED`. An abort rejects with its reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { accuracy, attachHead, evaluate, pipe, topK } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['cat', 'dog', 'owl'])));
 * const examples = await fromTensors(tf.zeros([3, 16, 16, 3]), [0, 1, 2]);
 * const { metrics } = await evaluate(model, examples, { metrics: [accuracy(), topK(2)] });
 * console.log(metrics.accuracy, metrics.top2);
 * ```
 */
export async function evaluate(
  model: TransferModel,
  examples: Examples,
  settings: EvaluateSettings = {},
): Promise<Evaluation> {
  assertTransferModel(model);
  assertSettings('evaluate', settings, { batchSize: 32, metrics: [], signal: undefined });
  const { head, inputs } = model;
  const { metrics = defaultMetrics(head.task), batchSize = 32, signal } = settings;
  assertRange('evaluate', wholeFrom1, { batchSize });
  if (metrics.some((metric) => metric?.kind !== 'metric')) {
    throw new TransferError('INVALID_ARGUMENT', 'evaluate received no metric as metrics; pass [accuracy()].');
  }
  assertMetrics(head, metrics);
  assertExamples(head, examples, 'given');
  const network = networkBehind(model);
  // Of its own: the caller may dispose the model meanwhile.
  const { lease } = withWeights(model, model.lease.values, {});
  const { values } = lease;
  const divided = split(network.graph, trainedBy(model.layers, model.settings).layers);
  const folder = folderOf(network, findingsOf(model.lease));
  const source = { network, folder, values, split: divided, examples, inputs, ...(signal && { signal }) };
  const { loss, outcome } = await score(
    { folder, values, graph: network.graph, split: divided },
    { head, loss: head.loss },
    examples,
    batchSize,
    (indices) => computeFeatures(source, indices, undefined),
    breather(signal),
  )
    .catch(async (error: unknown) => {
      throw await lostOr(error);
    })
    .finally(() => {
      folder.dispose();
      lease.dispose();
    });
  return {
    loss,
    metrics: measure(metrics, outcome),
    perClass: head.task === 'regression' ? [] : perClass(outcome),
    confusion: outcome.task === 'classification' ? confusionMatrix(outcome) : [],
    outcome,
  };
}
