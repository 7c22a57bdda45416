import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { type Dense, denseOf, type NestedNumbers, shapeText } from '../model/dense.ts';
import { downloaded, inMemory } from './memory.ts';

/** One example as a stream gives it. */
export interface CollectedExample {
  /** The input, without a batch axis: a tensor or nested arrays; of a model with several inputs an array of tensors. */
  readonly input: tf.Tensor | readonly tf.Tensor[] | NestedNumbers;
  /** A class index, or one number for each label or output. */
  readonly target: Target;
}

/**
 * Reads a stream of examples to its end, into memory.
 *
 * Tensors stay the stream's own. Each is read before the next example is asked for, so a generator can dispose a tensor
 * right after its `yield`.
 *
 * @param stream The examples, from anything that `for await` takes.
 * @returns The examples. They hold no tensor; there is nothing to dispose.
 * @throws TransferError `INVALID_DATA` where the stream is empty or examples differ in shape.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { collect } from 'tfjs-transfer/data';
 *
 * async function* frames() {
 *   for (let target = 0; target < 3; target++) {
 *     const input = tf.fill([32, 32, 3], target);
 *     yield { input, target };
 *     input.dispose();
 *   }
 * }
 * console.log((await collect(frames())).size); // 3
 * ```
 */
export async function collect(stream: AsyncIterable<CollectedExample> | Iterable<CollectedExample>): Promise<Examples> {
  const rows: Dense[][] = [];
  const targets: Target[] = [];
  for await (const { input, target } of stream) {
    const row = await denseInputs(input, rows.length);
    const [first = row] = rows;
    if (row.length !== first.length || row.some(({ shape }, i) => String(shape) !== String(first[i]?.shape))) {
      const shapes = (inputs: readonly Dense[]) => inputs.map(({ shape }) => shapeText(shape)).join(' and ');
      throw new TransferError(
        'INVALID_DATA',
        `collect: example ${rows.length} has the shape ${shapes(row)} and those before it ${shapes(first)}. ` +
          'Bring all examples to one shape (resize pictures, pad sequences).',
      );
    }
    rows.push(row);
    targets.push(target);
  }
  const stacked = (rows[0] ?? []).map((_, index) => stack(rows.map((row) => row[index] as Dense)));
  return inMemory(stacked, targets, 'collect');
}

async function denseInputs(input: CollectedExample['input'], index: number): Promise<Dense[]> {
  if (input instanceof tf.Tensor) return [await downloaded(input)];
  if (Array.isArray(input) && input.length > 0 && input.every((part) => part instanceof tf.Tensor)) {
    return Promise.all(input.map(downloaded));
  }
  return [denseOf(input as NestedNumbers, `collect: the input of example ${index}`)];
}

function stack(rows: readonly Dense[]): Dense {
  const { shape, values } = rows[0] as Dense;
  const all = rows.every((row) => row.values instanceof Int32Array)
    ? new Int32Array(rows.length * values.length)
    : new Float32Array(rows.length * values.length);
  rows.forEach((row, index) => {
    all.set(row.values, index * values.length);
  });
  return { values: all, shape: [rows.length, ...shape] };
}
