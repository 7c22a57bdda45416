import type * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import type { TrainEvent } from '../core/events.ts';
import type { FeatureWorkers } from '../core/feature-workers.ts';
import type { InputSpecification } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { disposeValues, type Value, type Values } from '../model/execute.ts';
import type { Part } from '../model/feature-part.ts';
import type { Folder } from '../model/fold.ts';
import { upstream, type ValueId } from '../model/graph.ts';
import type { Network } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import { type FeatureCache, type FeatureSpace, featureCache, featureColumns } from './feature-cache.ts';
import { assertFeaturesFinite } from './finite.ts';
import { type Batch, inOrder } from './in-order.ts';
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
  /** Who computes what is kept, where it is not this thread. */
  readonly workers?: FeatureWorkers;
  /** Which workers died, until somebody takes the events out. */
  readonly died?: TrainEvent[];
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
  const part = partOf(source);
  return computeFrom(source, part, await readGiven(source, part, indices, view));
}

/** A part, and the cache that it goes on from, where there is one. */
interface SourcePart extends Part {
  readonly from: FeatureCache | undefined;
}

/** What is computed: from an earlier cache where that is enough, else from the inputs. */
function partOf({ network, split, earlier }: FeatureSource): SourcePart {
  const known = earlier && upstream(split.prefix, split.cut, new Set(earlier.cut));
  return earlier && known?.missing.size === 0
    ? { applications: known.applications, given: earlier.cut, wanted: split.cut, from: earlier }
    : { applications: split.prefix, given: network.graph.inputs, wanted: split.cut, from: undefined };
}

async function readGiven(
  source: FeatureSource,
  { from }: SourcePart,
  indices: readonly number[],
  view?: number,
): Promise<Values> {
  return from
    ? await from.read(indices, view ?? 0)
    : inputsOf(source.network, await readExamples(source, indices, view));
}

/** Computes the values at the frontier, and disposes those that it is given. */
async function computeFrom(
  { folder, values }: FeatureSource,
  { applications, wanted }: Part,
  given: Values,
): Promise<Map<ValueId, Value>> {
  try {
    const result = await folder.infer(values, applications, given, wanted);
    return new Map(wanted.map((id, index) => [id, result[index] as Value]));
  } finally {
    disposeValues(given.values());
  }
}

const inputsOf = (network: Network, tensors: readonly tf.Tensor[]): Values =>
  new Map(network.graph.inputs.map((id, index) => [id, { tensor: tensors[index] as tf.Tensor, mask: null }]));

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
  const batches: Batch[] = [];
  for (let view = 0; view < views; view++) {
    for (let from = 0; from < size; from += batchSize) {
      batches.push({ view, indices: Array.from({ length: Math.min(batchSize, size - from) }, (_, i) => from + i) });
    }
  }
  const part = partOf(source);
  const work = {
    read: ({ indices, view }: Batch) => readGiven(source, part, indices, examples.augmented ? view : undefined),
    here: (given: Values) => computeFrom(source, part, given),
  };
  const columns = featureColumns(space, size * views);
  let cache: FeatureCache | undefined;
  try {
    for await (const [{ view, indices }, values] of inOrder(source, part, batches, work)) {
      const row = view * size + (indices[0] as number);
      try {
        await columns.write(values, row);
        for (const { tensor } of values.values()) await assertFeaturesFinite(examples, indices, tensor);
      } finally {
        disposeValues(values.values());
      }
      yield { done: row + indices.length, total: size * views };
    }
    cache = featureCache(split.cut, size, views, await columns.seal());
    return cache;
  } finally {
    if (!cache) await columns.remove();
  }
}
