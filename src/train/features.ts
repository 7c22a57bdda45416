import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import type { InputSpecification } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import type { Value, Values } from '../model/execute.ts';
import type { Folder } from '../model/fold.ts';
import { upstream, type ValueId } from '../model/graph.ts';
import type { Network } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import { type FeatureCache, type FeatureSpace, featureCache, featureColumns } from './feature-cache.ts';
import { assertFeaturesFinite } from './finite.ts';
import { readExamples } from './read-examples.ts';

/** Where the values at the frontier come from. */
export interface FeatureSource {
  readonly network: Network;
  readonly folder: Folder;
  readonly values: Tensors;
  readonly split: Split;
  readonly examples: Examples;
  readonly inputs: readonly InputSpecification[];
  readonly signal?: AbortSignal;
  /** An earlier cache of the same examples, to start from where the frontier has moved up. */
  readonly earlier?: FeatureCache;
}

/**
 * Computes the values at the frontier for a batch: reads the examples and runs the prefix, or goes on from an earlier
 * cache where that is enough.
 *
 * @param source Where from.
 * @param indices The examples.
 * @param view The augmented view; undefined for the plain examples.
 * @returns The values, owned by the caller.
 */
export async function computeFeatures(
  source: FeatureSource,
  indices: readonly number[],
  view: number | undefined,
): Promise<Map<ValueId, Value>> {
  const { network, folder, values, split, earlier } = source;
  const known = earlier && upstream(split.prefix, split.cut, new Set(earlier.cut));
  const goesOn = earlier && known?.missing.size === 0;
  const given: Values = goesOn
    ? await earlier.read(indices, view ?? 0)
    : inputsOf(network, await readExamples(source, indices, view));
  try {
    const applications = goesOn ? known.applications : split.prefix;
    const result = await folder.infer(values, applications, given, split.cut);
    return new Map(split.cut.map((id, index) => [id, result[index] as Value]));
  } finally {
    disposeValues(given);
  }
}

const inputsOf = (network: Network, tensors: readonly tf.Tensor[]): Values =>
  new Map(network.graph.inputs.map((id, index) => [id, { tensor: tensors[index] as tf.Tensor, mask: null }]));

/** Disposes values and their masks. */
export function disposeValues(values: Values): void {
  for (const { tensor, mask } of values.values()) tf.dispose([tensor, ...(mask ? [mask] : [])]);
}

/**
 * Computes the values at the frontier of all examples and keeps them.
 *
 * @param source Where from.
 * @param views How many augmented views of each example; 1 of plain examples.
 * @param batchSize Examples at a time.
 * @param space Where they are kept. Nothing stays there where the generator does not come to its end.
 * @yields How many are done.
 * @returns The cache: `examples x views x` the bytes of one example at the cut.
 */
export async function* cacheFeatures(
  source: FeatureSource,
  views: number,
  batchSize: number,
  space: FeatureSpace,
): AsyncGenerator<{ readonly done: number; readonly total: number }, FeatureCache> {
  const { split, examples } = source;
  const { size } = examples;
  const columns = featureColumns(space, size * views);
  let cache: FeatureCache | undefined;
  try {
    for (let view = 0; view < views; view++) {
      for (let from = 0; from < size; from += batchSize) {
        const indices = Array.from({ length: Math.min(batchSize, size - from) }, (_, i) => from + i);
        const values = await computeFeatures(source, indices, examples.augmented ? view : undefined);
        try {
          await columns.write(values, view * size + from);
          for (const { tensor } of values.values()) await assertFeaturesFinite(examples, indices, tensor);
        } finally {
          disposeValues(values);
        }
        yield { done: view * size + from + indices.length, total: size * views };
      }
    }
    cache = featureCache(split.cut, size, views, await columns.seal());
    return cache;
  } finally {
    if (!cache) await columns.remove();
  }
}
