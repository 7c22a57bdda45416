import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { download } from '../model/device.ts';
import type { Matrix } from './matrix.ts';

/** Features of examples: a tensor `[examples, features]`, a row for each example, or all values with their shape. */
export type Features =
  | tf.Tensor
  | readonly ArrayLike<number>[]
  | { readonly values: ArrayLike<number>; readonly shape: readonly number[] };

/** The class of each example, as a whole number from 0: a tensor `[examples]` or an array. */
export type Labels = tf.Tensor | ArrayLike<number>;

/**
 * Reads features and refuses what no score can be made of.
 *
 * @param features The features; a tensor stays the caller's.
 * @param caller Who received them, for the message.
 * @throws TransferError `INVALID_DATA`.
 */
export async function readFeatures(features: Features, caller: string): Promise<Matrix> {
  if (features instanceof tf.Tensor) return matrixOf(await download(features), features.shape, caller);
  if (typeof features !== 'object' || features === null) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller} received ${features === null ? 'null' : typeof features} as features. Pass a tensor, rows of numbers, or { values, shape }.`,
    );
  }
  if ('values' in features && 'shape' in features) return matrixOf(features.values, features.shape, caller);
  const rows = Array.from(features as readonly ArrayLike<number>[]);
  const columns = rows[0]?.length ?? 0;
  const odd = rows.findIndex((row) => row?.length !== columns);
  if (odd >= 0) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller}: row ${odd} of the features has ${rows[odd]?.length ?? 'no'} numbers, row 0 has ${columns}. Give each example the same features.`,
    );
  }
  const values = new Float64Array(rows.length * columns);
  for (const [i, row] of rows.entries()) values.set(row, i * columns);
  return matrixOf(values, [rows.length, columns], caller);
}

/** What is larger has no finite products of products. */
const largest = 1e70;

function matrixOf(numbers: ArrayLike<number>, shape: readonly number[], caller: string): Matrix {
  const [rows = 0, columns = 0, ...more] = shape;
  if (more.length || rows * columns === 0 || rows * columns !== numbers.length) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller} received features of the shape [${shape}] with ${numbers.length} numbers. Pass [examples, features], at least one of each; pool pictures first (featuresOf does).`,
    );
  }
  const values = Float64Array.from(numbers);
  const bad = values.findIndex((number) => !(Math.abs(number) < largest));
  if (bad >= 0) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller}: the features of example ${Math.floor(bad / columns)} hold NaN, Infinity or a number beyond ${largest}. Remove the example or repair its values.`,
    );
  }
  return { rows, columns, values };
}

/**
 * Reads labels and refuses what are no classes.
 *
 * @param labels The labels; a tensor stays the caller's.
 * @param examples How many there must be.
 * @param caller Who received them, for the message.
 * @throws TransferError `INVALID_DATA`.
 */
export async function readLabels(labels: Labels, examples: number, caller: string): Promise<readonly number[]> {
  const numbers = Array.from(labels instanceof tf.Tensor ? await download(labels) : (labels ?? []));
  if (numbers.length !== examples) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller} received ${examples} examples and ${numbers.length} labels. Pass one label for each example.`,
    );
  }
  const bad = numbers.findIndex((label) => !(Number.isInteger(label) && label >= 0));
  if (bad < 0) return numbers;
  throw new TransferError(
    'INVALID_DATA',
    `${caller}: the label of example ${bad} is ${numbers[bad]}. Pass the class's position, a whole number from 0.`,
  );
}

/**
 * The examples of each class. Classes without examples are left out: they say nothing about features.
 *
 * @param labels The labels.
 * @param caller Who received them, for the message.
 * @returns The positions of the examples, for each class that has any.
 * @throws TransferError `INVALID_DATA` where there are fewer than two classes.
 */
export function membersOf(labels: readonly number[], caller: string): readonly (readonly number[])[] {
  const members = new Map<number, number[]>();
  for (const [i, label] of labels.entries()) {
    const positions = members.get(label) ?? [];
    members.set(label, positions);
    positions.push(i);
  }
  if (members.size >= 2) return [...members].sort(([a], [b]) => a - b).map(([, positions]) => positions);
  throw new TransferError(
    'INVALID_DATA',
    `${caller}: all ${labels.length} examples are of one class, which nothing has to tell from another. Pass examples of at least two classes.`,
  );
}
