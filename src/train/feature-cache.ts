import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { download } from '../model/device.ts';
import type { Value, Values } from '../model/execute.ts';
import type { ValueId } from '../model/graph.ts';
import { type FeatureRows, memoryRows, type NumberKind, type Numbers } from './feature-rows.ts';

/** One tensor of all examples, or its mask. */
export interface FeatureColumn {
  readonly id: ValueId;
  readonly isMask: boolean;
  /** The shape of one row. */
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  readonly rows: FeatureRows;
}

/** The values at a frontier, each computed once: in memory, or in temporary files. */
export interface FeatureCache {
  readonly cut: readonly ValueId[];
  readonly views: number;
  /** What it takes of the memory. */
  readonly memoryBytes: number;
  readonly columns: readonly FeatureColumn[];
  /** The values of a batch, owned by the caller; `next` is the batch that will be asked for after it. */
  read(indices: readonly number[], view: number, next?: readonly number[]): Promise<Map<ValueId, Value>>;
  /** Gives back memory and files. */
  dispose(): Promise<void>;
}

/** Where rows are kept. */
export interface FeatureSpace {
  rows(Kind: NumberKind, count: number, rowSize: number): Promise<FeatureRows>;
  /** Whether an error is that of a file which could not be written. */
  isFull(error: unknown): boolean;
}

/** Keeps rows in memory. */
export const inMemory: FeatureSpace = {
  rows: async (Kind, count, rowSize) => memoryRows(new Kind(count * rowSize), rowSize),
  isFull: () => false,
};

/** A cache that is being filled. */
export interface FeatureColumns {
  /** Writes the values of the examples from a row on. */
  write(values: Values, row: number): Promise<void>;
  seal(): Promise<readonly FeatureColumn[]>;
  remove(): Promise<void>;
}

/**
 * Makes the columns of a cache, as the first values show their shapes.
 *
 * @param space Where rows are kept.
 * @param count How many rows there will be.
 */
export function featureColumns(space: FeatureSpace, count: number): FeatureColumns {
  const columns = new Map<string, FeatureColumn>();
  async function write(id: ValueId, tensor: tf.Tensor, isMask: boolean, row: number): Promise<void> {
    const key = `${id}/${isMask}`;
    const shape = tensor.shape.slice(1);
    const column = columns.get(key) ?? {
      id,
      isMask,
      shape,
      dtype: tensor.dtype,
      rows: await space.rows(kindOf(tensor.dtype), count, tf.util.sizeFromShape(shape)),
    };
    columns.set(key, column);
    if (String(shape) !== String(column.shape)) {
      throw new TransferError(
        'INVALID_DATA',
        `Examples have different shapes: [${shape}] and [${column.shape}] at the frozen frontier. ` +
          'Bring all examples to one shape (pictures of a folder are resized for you; sequences must be padded).',
      );
    }
    await column.rows.write((await download(tensor)) as Numbers, row);
  }
  return {
    async write(values, row) {
      for (const [id, { tensor, mask }] of values) {
        await write(id, tensor, false, row);
        if (mask) await write(id, mask, true, row);
      }
    },
    async seal() {
      for (const { rows } of columns.values()) await rows.seal();
      return [...columns.values()];
    },
    async remove() {
      for (const { rows } of columns.values()) await rows.remove();
    },
  };
}

/** The type of the numbers of a tensor. */
export const kindOf = (dtype: tf.DataType): NumberKind =>
  ({ int32: Int32Array, bool: Uint8Array })[dtype as string] ?? Float32Array;

/**
 * A cache of columns.
 *
 * @param cut The frontier.
 * @param size How many examples.
 * @param views How many views of each; view v of example i is row `v * size + i`.
 * @param columns The columns, which are the cache's.
 */
export function featureCache(
  cut: readonly ValueId[],
  size: number,
  views: number,
  columns: readonly FeatureColumn[],
): FeatureCache {
  return {
    cut,
    views,
    columns,
    memoryBytes: columns.reduce((sum, { rows }) => sum + (rows.memory?.byteLength ?? 0), 0),
    async read(indices, view, next) {
      const rowsOf = (wanted: readonly number[]) => wanted.map((index) => view * size + index);
      const batch = await Promise.all(columns.map(({ rows }) => rows.read(rowsOf(indices), next && rowsOf(next))));
      // All is read before the first tensor is made: a file that cannot be read leaves none behind.
      const values = new Map<ValueId, Value>();
      columns.forEach(({ id, isMask, shape, dtype }, column) => {
        const tensor = tf.tensor(batch[column] as Numbers, [indices.length, ...shape], dtype as 'float32');
        values.set(id, isMask ? { tensor: (values.get(id) as Value).tensor, mask: tensor } : { tensor, mask: null });
      });
      return values;
    },
    async dispose() {
      for (const { rows } of columns) await rows.remove();
    },
  };
}
