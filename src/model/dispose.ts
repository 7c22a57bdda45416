import { assertHandle } from '../core/edit.ts';
import type { Base, TransferModel } from '../core/handle.ts';

/**
 * Frees what a handle owns: of a model its head and its tuned weights; of the last handle of a network also the weights
 * that {@link loadBase} or {@link loadModel} read. Handles that edits made of one another share their weights, so
 * disposing one of them is enough. A second call does nothing.
 *
 * @param handle The base or model.
 * @throws TransferError `INVALID_ORDER` where it is neither.
 *
 * @example
 * ```ts
 * import { dispose } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * dispose(tinyCnn());
 * ```
 */
export function dispose(handle: Base | TransferModel): void {
  assertHandle('dispose', handle);
  handle.lease.dispose();
}
