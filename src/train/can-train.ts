import * as tf from '@tensorflow/tfjs-core';
import { assertIsBackend, type Backend } from '../core/backend.ts';
import type { TransferModel } from '../core/handle.ts';
import { networkBehind } from '../model/network.ts';
import { split } from '../model/split.ts';
import { trainedBy } from '../model/trained.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { type MissingKernel, missingKernels } from './missing-kernels.ts';

/** Whether a model can be trained, and what is missing. */
export interface Trainability {
  readonly ok: boolean;
  readonly missing: readonly MissingKernel[];
}

/**
 * Lists the gradients that a backend lacks, or has wrong, for the layers above a model's frozen frontier, before anything
 * runs. The adapters of `tfjs-transfer/backends/...` bring right ones, so it is plain tfjs that lacks most of them.
 *
 * @param model The model with its settings: what is frozen needs no gradients.
 * @param backend The backend, which `useBackend` has loaded before. Default: the current one.
 * @returns Whether all are there and right, and those that are not.
 * @throws TransferError `BACKEND_UNKNOWN` where it is no backend, or not loaded.
 *
 * @example
 * ```ts
 * import { attachHead, canTrain, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { cpu } from 'tfjs-transfer/backends/cpu';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])), unfreezeTop(2));
 * console.log(canTrain(model, cpu()).ok); // true
 * ```
 */
export function canTrain(model: TransferModel, backend?: Backend): Trainability {
  assertTransferModel(model);
  if (backend !== undefined) assertIsBackend('canTrain', backend);
  const trained = trainedBy(model.layers, model.settings);
  const missing = missingKernels(
    split(networkBehind(model).graph, trained.layers),
    trained,
    backend?.name ?? tf.getBackend(),
  );
  return { ok: missing.length === 0, missing };
}
