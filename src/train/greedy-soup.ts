import { lowerIsBetter } from '../core/callbacks.ts';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Metric } from '../core/metrics.ts';
import { dispose } from '../model/dispose.ts';
import { interpolate } from '../model/interpolate.ts';
import { evaluate } from './evaluate.ts';

/** What {@link greedySoup} made. */
export interface Soup {
  /** The mean of the models that were taken; owned by the caller. */
  readonly model: TransferModel;
  /** The positions of the models that were taken, the best first. */
  readonly taken: readonly number[];
  /** What the metric says of the soup, and of each model alone. */
  readonly value: number;
  readonly values: readonly number[];
}

/**
 * Averages the weights of those of several tuned models that are better together: takes the best, then adds each of the
 * others, best first, where the mean is not worse with it (Wortsman et al., 2022, recipe 1).
 *
 * @param models Models that {@link fineTune} made of one and the same model, by several strategies or seeds.
 * @param examples What decides: a validation split, not the one that is reported on.
 * @param metric What decides, such as `accuracy()`.
 * @returns The soup, and what was taken. Costs two passes over the examples for each model.
 * @throws TransferError `INVALID_ARGUMENT` for no model, or models of different networks; what {@link evaluate} throws.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { accuracy, attachHead, greedySoup, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const validation = await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]);
 * const { taken } = await greedySoup([model, model], validation, accuracy());
 * console.log(taken); // [0, 1]
 * ```
 */
export async function greedySoup(models: readonly TransferModel[], examples: Examples, metric: Metric): Promise<Soup> {
  if (!Array.isArray(models) || models.length === 0) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'greedySoup received no models. Pass an array of what fineTune returned.',
    );
  }
  const measured = async (model: TransferModel) =>
    (await evaluate(model, examples, { metrics: [metric] })).metrics[metric.name] as number;
  // Turned so that higher is better, as callbacks do it.
  const sign = lowerIsBetter(metric.name) ? -1 : 1;
  const values: number[] = [];
  for (const model of models) values.push(await measured(model));
  const order = [...models.keys()].sort((a, b) => sign * ((values[b] as number) - (values[a] as number)));
  let taken = order.slice(0, 1);
  let value = values[taken[0] as number] as number;
  let soup = interpolate(taken.map((index) => models[index] as TransferModel));
  for (const index of order.slice(1)) {
    const larger = interpolate([...taken, index].map((one) => models[one] as TransferModel));
    const next = await measured(larger).catch((error: unknown) => {
      for (const mixed of [soup, larger]) dispose(mixed);
      throw error;
    });
    const isTaken = sign * (next - value) >= 0;
    dispose(isTaken ? soup : larger);
    if (!isTaken) continue;
    taken = [...taken, index];
    value = next;
    soup = larger;
  }
  return { model: soup, taken, value, values };
}
