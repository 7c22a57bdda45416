import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { train } from '../core/strategy.ts';
import type { TrainSettings } from '../core/train-settings.ts';
import { trialSteps } from './trial-steps.ts';

/** Settings of {@link findBatchSize}. */
export interface FindBatchSizeSettings {
  /** The largest batch to try. Default: 256. */
  readonly maximum?: number;
  /**
   * Settings of the phase that is tried: what its optimizer remembers of each weight, its penalties and its mixing take memory
   * too. Default: those of `train`.
   */
  readonly phase?: Omit<TrainSettings, 'epochs' | 'batchSize'>;
  readonly signal?: AbortSignal;
}

/**
 * Looks for the largest batch that a step of training has memory for: doubles it until a step fails for want of memory,
 * or until the whole split is one batch. Nothing is kept of the runs.
 *
 * @param model The model; its edits say what trains.
 * @param data The data. The training split is read.
 * @param settings The largest batch, the phase, and a signal.
 * @returns The batch size, a power of two. Costs two steps more than the largest batch.
 * @throws TransferError `OUT_OF_MEMORY` where a batch of 1 does not fit, `INVALID_ARGUMENT`, and what {@link fineTune} throws
 * before a run. An abort rejects with its reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, findBatchSize, pipe, unfreeze } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])), unfreeze());
 * const data = { train: await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]) };
 * console.log(await findBatchSize(model, data)); // 4
 * ```
 */
export async function findBatchSize(
  model: TransferModel,
  data: Dataset,
  settings: FindBatchSizeSettings = {},
): Promise<number> {
  assertSettings('findBatchSize', settings, { maximum: 256, phase: {}, signal: undefined });
  const { maximum = 256, phase, signal } = settings;
  assertRange('findBatchSize', wholeFrom1, { maximum });
  let fits = 0;
  for (let size = 1; size <= Math.min(maximum, data?.train?.size ?? 1); size *= 2) {
    try {
      const strategy = [train({ ...phase, epochs: 1, batchSize: size })] as const;
      // Without a cache: the prefix of a batch is what else has to fit.
      for await (const _step of trialSteps(model, data, strategy, { cacheBytes: 0, ...(signal && { signal }) })) break;
    } catch (error) {
      if (fits === 0 || !(error instanceof TransferError && error.code === 'OUT_OF_MEMORY')) throw error;
      break;
    }
    fits = size;
  }
  return fits;
}
