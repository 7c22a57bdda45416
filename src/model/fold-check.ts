import * as tf from '@tensorflow/tfjs-core';
import { download } from './device.ts';
import { disposeValues, type Value, type Values } from './execute.ts';
import type { ValueId } from './graph.ts';

/** How far folded results may be from those of the layers, relative to the largest number of the value. */
export const threshold = 1e-3;

/**
 * Runs one example both ways.
 *
 * @param given The values that a run starts from; the first example of the batch is taken.
 * @param run Runs values, folded or by the layers themselves.
 * @returns The largest difference of each result, relative to its largest number; Infinity where one of them alone holds NaN
 * or Infinity.
 */
export async function differencesByFolding(
  given: Values,
  run: (values: Values, folded: boolean) => readonly Value[],
): Promise<number[]> {
  const example = firstOf(given);
  const made = [...example.values()];
  try {
    const [folded, plain] = [true, false].map((isFolded) => {
      const results = run(example, isFolded);
      made.push(...results);
      return results.map(({ tensor }) => tensor);
    }) as [tf.Tensor[], tf.Tensor[]];
    const differences: number[] = [];
    for (const [index, tensor] of folded.entries()) {
      differences.push(relative(await download(tensor), await download(plain[index] as tf.Tensor)));
    }
    return differences;
  } finally {
    disposeValues(made);
  }
}

function firstOf(given: Values): Map<ValueId, Value> {
  const first = (tensor: tf.Tensor) => tf.slice(tensor, 0, 1);
  return new Map(
    [...given].map(([id, { tensor, mask }]) => [id, { tensor: first(tensor), mask: mask && first(mask) }]),
  );
}

function relative(folded: ArrayLike<number>, plain: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < plain.length; i++) {
    const [a, b] = [folded[i] as number, plain[i] as number];
    if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
    if (Object.is(a, b)) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(a - b));
  }
  return difference === 0 ? 0 : difference / largest;
}
