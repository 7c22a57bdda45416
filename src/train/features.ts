import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TrainEvent } from '../core/events.ts';
import type { FeatureWorkers } from '../core/feature-workers.ts';
import type { InputSpecification } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { download } from '../model/device.ts';
import { infer, type Value, type Values } from '../model/execute.ts';
import type { Part } from '../model/feature-part.ts';
import { upstream, type ValueId } from '../model/graph.ts';
import type { Network } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import { withValues } from '../model/weights.ts';
import { assertFeaturesFinite } from './finite.ts';
import { type Batch, inOrder } from './in-order.ts';
import { readExamples } from './read-examples.ts';

/** The values at the frontier, kept in memory: each example's are computed once. */
export interface FeatureCache {
  readonly cut: readonly ValueId[];
  readonly views: number;
  readonly bytes: number;
  /** The values of a batch, owned by the caller. */
  read(indices: readonly number[], view: number): Map<ValueId, Value>;
}

/** Where the values at the frontier come from. */
export interface FeatureSource {
  readonly network: Network;
  readonly values: Tensors;
  readonly split: Split;
  readonly examples: Examples;
  readonly inputs: readonly InputSpecification[];
  readonly signal?: AbortSignal;
  /** An earlier cache of the same examples, to start from where the frontier has moved up. */
  readonly earlier?: FeatureCache;
  /** Who computes what is kept, where it is not this thread. */
  readonly workers?: FeatureWorkers;
  /** Told of each worker that dies. */
  readonly onDied?: (event: TrainEvent) => void;
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
  return computeFrom(source, await readGiven(source, indices, view));
}

/** What is computed: from an earlier cache where that is enough, else from the inputs. */
function partOf({ network, split, earlier }: FeatureSource): Part & { readonly from: FeatureCache | undefined } {
  const known = earlier && upstream(split.prefix, split.cut, new Set(earlier.cut));
  return earlier && known?.missing.size === 0
    ? { applications: known.applications, given: earlier.cut, wanted: split.cut, from: earlier }
    : { applications: split.prefix, given: network.graph.inputs, wanted: split.cut, from: undefined };
}

async function readGiven(source: FeatureSource, indices: readonly number[], view?: number): Promise<Values> {
  const { from } = partOf(source);
  return from ? from.read(indices, view ?? 0) : inputsOf(source.network, await readExamples(source, indices, view));
}

/** Computes the values at the frontier, and disposes those that it is given. */
function computeFrom(source: FeatureSource, given: Values): Map<ValueId, Value> {
  const { network, values, split } = source;
  try {
    const result = withValues(network.variables, values, () => infer(partOf(source).applications, given, split.cut));
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

type Store = {
  readonly shape: number[];
  readonly dtype: tf.DataType;
  readonly data: Float32Array | Int32Array | Uint8Array;
};

/**
 * Computes the values at the frontier of all examples and keeps them in memory.
 *
 * @param source Where from.
 * @param views How many augmented views of each example; 1 of plain examples.
 * @param batchSize Examples at a time.
 * @yields How many are done.
 * @returns The cache: `examples x views x` the bytes of one example at the cut.
 */
export async function* cacheFeatures(
  source: FeatureSource,
  views: number,
  batchSize: number,
): AsyncGenerator<{ readonly done: number; readonly total: number }, FeatureCache> {
  const { split, examples } = source;
  const { size } = examples;
  const stores = new Map<ValueId, { readonly tensor: Store; readonly mask: Store | null }>();
  const batches: Batch[] = [];
  for (let view = 0; view < views; view++) {
    for (let from = 0; from < size; from += batchSize) {
      batches.push({ view, indices: Array.from({ length: Math.min(batchSize, size - from) }, (_, i) => from + i) });
    }
  }
  const work = {
    read: ({ indices, view }: Batch) => readGiven(source, indices, examples.augmented ? view : undefined),
    here: (given: Values) => computeFrom(source, given),
  };
  for await (const [{ view, indices }, values] of inOrder(source, partOf(source), batches, work)) {
    const row = view * size + (indices[0] as number);
    try {
      for (const [id, { tensor, mask }] of values) {
        const stored = stores.get(id) ?? {
          tensor: storeFor(tensor, size * views),
          mask: mask && storeFor(mask, size * views),
        };
        stores.set(id, stored);
        await write(stored.tensor, tensor, row);
        if (mask && stored.mask) await write(stored.mask, mask, row);
        await assertFeaturesFinite(examples, indices, tensor);
      }
    } finally {
      disposeValues(values);
    }
    yield { done: row + indices.length, total: size * views };
  }
  const all = [...stores.values()].flatMap(({ tensor, mask }) => (mask ? [tensor, mask] : [tensor]));
  return {
    cut: split.cut,
    views,
    bytes: all.reduce((sum, { data }) => sum + data.byteLength, 0),
    read(indices, view) {
      const rows = indices.map((index) => view * size + index);
      return new Map(
        [...stores].map(([id, { tensor, mask }]) => [
          id,
          { tensor: gather(tensor, rows), mask: mask && gather(mask, rows) },
        ]),
      );
    },
  };
}

const rowSize = ({ shape }: Store) => tf.util.sizeFromShape(shape);

function storeFor(tensor: tf.Tensor, rows: number): Store {
  const shape = tensor.shape.slice(1);
  const Kind = { int32: Int32Array, bool: Uint8Array }[tensor.dtype as string] ?? Float32Array;
  return { shape, dtype: tensor.dtype, data: new Kind(rows * tf.util.sizeFromShape(shape)) };
}

async function write(store: Store, tensor: tf.Tensor, row: number): Promise<void> {
  if (String(tensor.shape.slice(1)) !== String(store.shape)) {
    throw new TransferError(
      'INVALID_DATA',
      `Examples have different shapes: [${tensor.shape.slice(1)}] and [${store.shape}] at the frozen frontier. ` +
        'Bring all examples to one shape (pictures of a folder are resized for you; sequences must be padded).',
    );
  }
  store.data.set((await download(tensor)) as Float32Array, row * rowSize(store));
}

function gather(store: Store, rows: readonly number[]): tf.Tensor {
  const size = rowSize(store);
  const data = store.data.constructor as Float32ArrayConstructor;
  const batch = new data(rows.length * size);
  rows.forEach((row, index) => {
    batch.set(store.data.subarray(row * size, (row + 1) * size), index * size);
  });
  return tf.tensor(batch, [rows.length, ...store.shape], store.dtype as 'float32');
}
