import { TransferError } from '../core/errors.ts';
import type { WeightKey } from '../core/handle.ts';

/**
 * Compares the hashes of frozen weights before and after a run.
 *
 * @param before The hashes before.
 * @param after The hashes after.
 * @throws TransferError `FROZEN_CHANGED` where one differs.
 */
export function assertUnchanged(
  before: Readonly<Record<WeightKey, string>>,
  after: Readonly<Record<WeightKey, string>>,
): void {
  const changed = Object.keys(before).filter((key) => before[key] !== after[key]);
  if (changed.length === 0) return;
  throw new TransferError(
    'FROZEN_CHANGED',
    `Frozen weights changed during the run: ${changed.join(', ')}. Something outside it wrote to the variables of the ` +
      'base, such as model.fit or setWeights on the tf.LayersModel that it was made of. Run one of them at a time, or load the base twice.',
  );
}
