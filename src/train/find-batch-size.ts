import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { train } from '../core/strategy.ts';
import { fineTuneSteps } from './fine-tune-steps.ts';

/**
 * Looks for the largest batch that a step of training has memory for: doubles it until a step fails for want of memory,
 * or until the whole split is one batch. Nothing is kept of the runs.
 *
 * @param model The model; its edits say what trains.
 * @param data The data. The training split is read.
 * @param maximum The largest batch to try. Default: 256.
 * @returns The batch size, a power of two. Costs two steps more than the largest batch.
 * @throws TransferError `OUT_OF_MEMORY` where a batch of 1 does not fit, and what {@link fineTune} throws before a run.
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
export async function findBatchSize(model: TransferModel, data: Dataset, maximum = 256): Promise<number> {
  if (!(Number.isInteger(maximum) && maximum >= 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `findBatchSize received the maximum ${maximum}. Pass a whole number from 1.`,
    );
  }
  let fits = 0;
  for (let size = 1; size <= Math.min(maximum, data?.train?.size ?? 1); size *= 2) {
    try {
      await oneStep(model, data, size);
    } catch (error) {
      if (fits === 0 || !(error instanceof TransferError && error.code === 'OUT_OF_MEMORY')) throw error;
      break;
    }
    fits = size;
  }
  return fits;
}

async function oneStep(model: TransferModel, data: Dataset, batchSize: number): Promise<void> {
  const strategy = [train({ epochs: 1, batchSize })] as const;
  // Without a cache: the prefix of a batch is what else has to fit.
  for await (const event of fineTuneSteps(model, { train: data?.train } as Dataset, strategy, { cacheBytes: 0 })) {
    // Leaving the loop ends the run and frees what it made.
    if (event.kind === 'step') return;
  }
}
