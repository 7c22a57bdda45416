import type { WeightKey } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { download } from './device.ts';
import type { Network } from './network.ts';
import { sha256 } from './sha256.ts';
import { tensorOf } from './weights.ts';

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
