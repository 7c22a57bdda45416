import * as tf from '@tensorflow/tfjs-core';
import { type Numbers, numbers } from '../backends/kernel-cases.ts';

/** An operation that networks use, and the inputs that it is differentiated in. */
export interface Operation {
  readonly name: string;
  readonly inputs: readonly Numbers[];
  readonly apply: (...inputs: never[]) => tf.Tensor;
}

/** Makes a row of the table. */
export function operation(name: string, inputs: readonly Numbers[], apply: Operation['apply']): Operation {
  return { name, inputs, apply };
}

export type T1 = tf.Tensor1D;
export type T2 = tf.Tensor2D;
export type T3 = tf.Tensor3D;
export type T4 = tf.Tensor4D;
export type T5 = tf.Tensor5D;
export type T = tf.Tensor;

/** Numbers in [-1, 1): for what has no kinks. */
export const anywhere = (...shape: number[]) => numbers(shape, 7 * shape.length + shape.reduce((a, b) => 3 * a + b, 1));

/** Numbers in [0.5, 1.5). */
export const positive = (...shape: number[]) => mapped(anywhere(...shape), (value) => value / 2 + 1);

/** Numbers in ±[0.3, 1.3): away from a kink at 0. */
export const beside0 = (...shape: number[]) => mapped(anywhere(...shape), (value) => value + (value < 0 ? -0.3 : 0.3));

/** Numbers all at least 0.3 apart, in no order: away from the kinks of a maximum. */
export function apart(...shape: number[]): Numbers {
  const { values } = anywhere(...shape);
  const order = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Float32Array(values.length);
  for (const [rank, place] of order.entries()) ranks[place] = 0.3 * (rank - values.length / 2) + 0.1;
  return { shape, values: ranks };
}

const mapped = ({ shape, values }: Numbers, change: (value: number) => number): Numbers => ({
  shape,
  values: Float32Array.from(values, change),
});

/** Whole numbers, as a tensor that is not differentiated in. */
export const whole = (values: readonly number[], ...shape: number[]) =>
  tf.tensor([...values], shape.length === 0 ? [values.length] : shape, 'int32');
