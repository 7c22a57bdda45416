import type * as tf from '@tensorflow/tfjs-core';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';

/** The sum of the squares of a tensor's numbers, in one pass. */
export const squareSum = trainingKernel<'x', object>('SquareSum', ({ inputs: { x }, backend }): tf.Tensor => {
  const result = allocate(backend, []);
  kernelsOn(backend).squareSum(addressOf(backend, x), addressOf(backend, result), x.size);
  return result;
});
