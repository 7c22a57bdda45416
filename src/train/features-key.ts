import * as tf from '@tensorflow/tfjs-core';
import { version } from '../core/version.ts';
import type { Application } from '../model/graph.ts';
import { hashWeights } from '../model/hash-weights.ts';
import { isFactor, kernelOf } from '../model/low-rank.ts';
import { sha256 } from '../model/sha256.ts';
import { weightsOf } from '../model/weights.ts';
import type { FeatureSource } from './features.ts';

/**
 * The hash of all that features depend on: the frozen layers and their weights, the place where they are cached, the
 * preprocessing, the data, how many views there are, the backend, and the versions of tfjs and of this library. The seed
 * of a run is no part of it: that of augmentation belongs to the data.
 *
 * @param source Where the features come from.
 * @param views How many views of each example.
 * @returns The hash in hexadecimal; undefined where the data has no fingerprint, or the platform no WebCrypto.
 */
export async function featuresKey(source: FeatureSource, views: number): Promise<string | undefined> {
  const { network, values, split, examples, inputs } = source;
  const data = await examples.fingerprint?.();
  if (data === undefined) return undefined;
  const keys = split.prefix.flatMap(({ layer, path }) => weightsOf(layer, path).map(({ info }) => info.key));
  const own = new Set(keys);
  const updates = Object.keys(values).filter((key) => isFactor(key) && own.has(kernelOf(key)));
  const hashes = await hashWeights(network, values, [...own, ...updates]);
  const all = {
    versions: [version, tf.version_core, tf.getBackend()],
    data: [data, examples.size, examples.augmented ? views : 0],
    inputs,
    layers: split.prefix.map(layerOf),
    cut: split.cut,
    // By position: names of layers may count what was built before.
    weights: [...keys, ...updates].map((key) => hashes[key]),
  };
  return sha256(new TextEncoder().encode(JSON.stringify(all, withoutNames)));
}

const layerOf = ({ layer, inputs, outputs, inferenceOnly }: Application) => [
  layer.getClassName(),
  layer.getConfig(),
  inputs,
  outputs,
  inferenceOnly,
];

const withoutNames = (key: string, value: unknown) => (key === 'name' ? undefined : value);
