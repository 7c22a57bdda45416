import type { Dataset } from '../core/data.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Metric } from '../core/metrics.ts';
import { asBase } from '../model/as-base.ts';
import { dispose } from '../model/dispose.ts';
import { fromScratch } from '../model/from-scratch.ts';
import { featuresOf } from './features-of.ts';
import { learn } from './learn.ts';
import { nearestMean } from './nearest-mean.ts';
import { predictScores } from './predict-scores.ts';
import { softmax } from './softmax.ts';

/**
 * What features are worth without any training: the metric of a head that is the means of the classes, on the base and on
 * the same network with random weights.
 *
 * @param model The model; its head is not used.
 * @param data The data: means of the training split, measured on the validation split.
 * @param metric The metric.
 * @param seed The seed of the random weights.
 * @param signal Its abort rejects with its reason.
 * @returns Undefined where the head is no classifier.
 */
export async function zeroStep(
  model: TransferModel,
  { train, validation }: Required<Pick<Dataset, 'train' | 'validation'>>,
  metric: Metric,
  seed: number,
  signal?: AbortSignal,
): Promise<{ readonly transfer: number; readonly scratch: number } | undefined> {
  const { task, labels } = model.head;
  if (task !== 'classification') return undefined;
  const settings = signal ? { signal } : {};
  const other = fromScratch(model, seed);
  try {
    return { transfer: await measured(model), scratch: await measured(other) };
  } finally {
    dispose(other);
  }

  async function measured(one: TransferModel): Promise<number> {
    const base = asBase(one);
    try {
      const seen = await featuresOf(base, train, settings);
      const head = await learn(nearestMean(), seen, seen.labels, labels);
      const asked = await featuresOf(base, validation, settings);
      const size = asked.shape[1];
      // Metrics read probabilities, as a model with this head would give them: scores of two examples do not compare.
      const scores = asked.labels.map((_, i) =>
        Float32Array.from(softmax(predictScores(head, asked.values.subarray(i * size, (i + 1) * size)))),
      );
      return metric.compute({ task: 'classification', labels, scores, targets: validation.targets });
    } finally {
      dispose(base);
    }
  }
}
