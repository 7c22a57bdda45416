import type * as tf from '@tensorflow/tfjs-core';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';

/** What a step of Adam is told. */
interface AdamAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The learning rate with its corrections, negative. */
  readonly factor: number;
}

/** A step of Adam in one pass over its numbers: the update and both moments. Out of tfjs' operations it takes eleven. */
export const adamStep = trainingKernel<'gradient' | 'mean' | 'square', AdamAttributes>(
  'AdamStep',
  ({ inputs: { gradient, mean, square }, attrs: { beta1, beta2, epsilon, factor }, backend }): tf.Tensor[] => {
    const results = [gradient, mean, square].map(({ shape }) => allocate(backend, shape));
    const [g, m, s, toUpdate, toMean, toSquare] = [gradient, mean, square, ...results].map((tensor) =>
      addressOf(backend, tensor),
    ) as [number, number, number, number, number, number];
    const numbers = [beta1, beta2, 1 - beta1, 1 - beta2, epsilon, factor] as const;
    kernelsOn(backend).adam(g, m, s, toUpdate, toMean, toSquare, gradient.size, ...numbers);
    return results;
  },
);
