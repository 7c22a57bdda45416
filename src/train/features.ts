import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { download } from '../model/device.ts';
import type { Value, Values } from '../model/execute.ts';
import type { Folder } from '../model/fold.ts';
import { upstream, type ValueId } from '../model/graph.ts';
import type { Network } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import { assertFeaturesFinite } from './finite.ts';
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
    ? earlier.read(indices, view ?? 0)
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
  for (let view = 0; view < views; view++) {
    for (let from = 0; from < size; from += batchSize) {
      const indices = Array.from({ length: Math.min(batchSize, size - from) }, (_, i) => from + i);
      const values = await computeFeatures(source, indices, examples.augmented ? view : undefined);
      try {
        for (const [id, { tensor, mask }] of values) {
          const stored = stores.get(id) ?? {
            tensor: storeFor(tensor, size * views),
            mask: mask && storeFor(mask, size * views),
          };
          stores.set(id, stored);
          await write(stored.tensor, tensor, view * size + from);
          if (mask && stored.mask) await write(stored.mask, mask, view * size + from);
          await assertFeaturesFinite(examples, indices, tensor);
        }
      } finally {
        disposeValues(values);
      }
      yield { done: view * size + from + indices.length, total: size * views };
    }
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
