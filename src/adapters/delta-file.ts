import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel, WeightKey } from '../core/handle.ts';
import { download } from '../model/device.ts';
import { networkBehind } from '../model/network.ts';
import { sha256 } from '../model/sha256.ts';
import { tensorOf } from '../model/weights.ts';

/** What the file is called, and what it says that it is. */
export const deltaFile = { name: 'delta.safetensors', format: 'tfjs-transfer delta 1' } as const;

/**
 * The numbers of a weight, and their SHA-256.
 *
 * @param handle What has the weight.
 * @param key Its key.
 */
export async function weightOf(
  handle: Base | TransferModel,
  key: WeightKey,
): Promise<{ readonly values: Float32Array<ArrayBuffer>; readonly hash: string }> {
  const tensor = tensorOf(networkBehind(handle).variables, handle.lease.values, key);
  const values = (await download(tensor)) as Float32Array<ArrayBuffer>;
  return { values, hash: hashed(await sha256(values)) };
}

/**
 * The hashes of a base's weights, by key, in the order of its layers.
 *
 * @param base The base.
 */
export async function baseHashes(base: Base): Promise<ReadonlyMap<WeightKey, string>> {
  const hashes = new Map<WeightKey, string>();
  for (const { key } of base.layers.flatMap(({ weights }) => weights)) {
    hashes.set(key, (await weightOf(base, key)).hash);
  }
  return hashes;
}

/** The hash of a whole base: of the keys and hashes of its weights. */
export const hashOf = async (hashes: ReadonlyMap<WeightKey, string>) =>
  hashed(await sha256(new TextEncoder().encode(JSON.stringify([...hashes]))));

function hashed(hash: string | undefined): string {
  if (hash !== undefined) return hash;
  throw new TransferError(
    'UNSUPPORTED',
    'This page has no WebCrypto, and a delta names its base by a hash. Serve the page by https, or from localhost.',
  );
}
