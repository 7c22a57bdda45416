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
  /** What is taken off of the weight, as a share of it. */
  readonly decay: number;
}

/** A step of Adam in one pass over its numbers: the update and both moments. Out of tfjs' operations it takes eleven. */
export const adamStep = trainingKernel<'gradient' | 'parameter' | 'mean' | 'square', AdamAttributes>(
  'AdamStep',
  ({ inputs: { gradient, parameter, mean, square }, attrs, backend }): tf.Tensor[] => {
    const { beta1, beta2, epsilon, factor, decay } = attrs;
    const results = [gradient, mean, square].map(({ shape }) => allocate(backend, shape));
    const at = [gradient, parameter, mean, square, ...results].map((tensor) => addressOf(backend, tensor));
    const [g, p, m, s, toUpdate, toMean, toSquare] = at as [number, number, number, number, number, number, number];
    const numbers = [beta1, beta2, 1 - beta1, 1 - beta2, epsilon, factor, decay] as const;
    kernelsOn(backend).adam(g, p, m, s, toUpdate, toMean, toSquare, gradient.size, ...numbers);
    return results;
  },
);
