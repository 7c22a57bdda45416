import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { difference, type Numbers, tensorOf } from './kernel-cases.ts';

export type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Reads what a function makes on a backend, and frees it. */
async function readOn(backend: string, make: () => tf.Tensor[]): Promise<Numbers[]> {
  await tf.setBackend(backend);
  const tensors = tf.tidy(make);
  const values = tensors.map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() as Float32Array }));
  tf.dispose(tensors);
  return values;
}

/** What an operation makes on a backend. */
export async function result(backend: string, operation: Operation, inputs: readonly Numbers[]): Promise<Numbers> {
  return (await readOn(backend, () => [operation(...inputs.map(tensorOf))]))[0] as Numbers;
}

/** Its gradients, of a weighted sum of what it makes. */
export function gradients(backend: string, operation: Operation, inputs: readonly Numbers[], weights: Numbers) {
  return readOn(backend, () => {
    const weighted = (...tensors: tf.Tensor[]) => tf.sum<tf.Scalar>(tf.mul(operation(...tensors), tensorOf(weights)));
    return tf.grads(weighted)(inputs.map(tensorOf));
  });
}

/** The same by finite differences, in double precision. */
export function finiteDifferences(
  operation: (...inputs: number[][]) => number[],
  inputs: readonly Numbers[],
  weights: Numbers,
): Numbers[] {
  const at = inputs.map(({ values }) => [...values]);
  const weighted = () => operation(...at).reduce((sum, value, i) => sum + value * (weights.values[i] as number), 0);
  return at.map((values, index) => ({
    shape: (inputs[index] as Numbers).shape,
    values: Float32Array.from(values, (value, i) => {
      const [above, below] = [1e-4, -1e-4].map((step) => {
        values[i] = value + step;
        return weighted();
      }) as [number, number];
      values[i] = value;
      return (above - below) / 2e-4;
    }),
  }));
}

export function expectClose(actual: readonly Numbers[], expected: readonly Numbers[]): void {
  for (const [index, one] of expected.entries()) expect(difference(actual[index] as Numbers, one)).toBeLessThan(1e-4);
}
