import { TransferError } from '../core/errors.ts';
import type { Base, WeightKey } from '../core/handle.ts';
import { hashWeights } from '../model/hash-weights.ts';
import { networkBehind } from '../model/network.ts';
import { sha256 } from '../model/sha256.ts';

/** What the file is called, and what it says that it is. */
export const deltaFile = { name: 'delta.safetensors', format: 'tfjs-transfer delta 1' } as const;

/**
 * The hashes of a base's weights, by key, in the order of its layers.
 *
 * @param base The base.
 */
export function baseHashes(base: Base): Promise<Readonly<Record<WeightKey, string>>> {
  const keys = base.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
  return hashWeights(networkBehind(base), base.lease.values, keys);
}

/** The hash of a whole base: of the keys and hashes of its weights. */
export async function hashOf(hashes: Readonly<Record<WeightKey, string>>): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(JSON.stringify(Object.entries(hashes))));
  if (hash !== undefined) return hash;
  throw new TransferError(
    'UNSUPPORTED',
    'This page has no WebCrypto, and a delta names its base by a hash. Serve the page by https, or from localhost.',
  );
}
