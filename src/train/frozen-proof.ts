import { TransferError } from '../core/errors.ts';
import type { WeightKey } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { download } from '../model/device.ts';
import type { Network } from '../model/network.ts';
import { sha256 } from '../model/sha256.ts';
import { tensorOf } from '../model/weights.ts';

/**
 * The SHA-256 of weights, in hexadecimal, by key.
 *
 * @param network The network.
 * @param values The weights that differ from its variables.
 * @param keys The weights to hash.
 * @returns The hashes; empty where the platform has no WebCrypto.
 */
export async function hashWeights(
  network: Network,
  values: Tensors,
  keys: readonly WeightKey[],
): Promise<Record<WeightKey, string>> {
  const hashes: Record<WeightKey, string> = {};
  for (const key of keys) {
    const bytes = (await download(tensorOf(network.variables, values, key))) as Float32Array<ArrayBuffer>;
    const hash = await sha256(bytes);
    if (hash) hashes[key] = hash;
  }
  return hashes;
}

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
