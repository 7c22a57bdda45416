import * as tf from '@tensorflow/tfjs-core';
import { gradient } from '../shared/gradient.ts';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';

/** `x / 2 (1 + erf(x / sqrt 2))` in one pass; out of tfjs' operations it takes five, and its erf is slow. */
export const gelu = trainingKernel<'x', unknown>('Gelu', ({ inputs: { x }, backend }) => {
  const result = allocate(backend, x.shape);
  kernelsOn(backend).gelu(addressOf(backend, x), addressOf(backend, result), x.size);
  return result;
});

export const geluGradient = trainingKernel<'dy' | 'x', unknown>('GeluGrad', ({ inputs: { dy, x }, backend }) => {
  const result = allocate(backend, x.shape);
  const [from, at, to] = [dy, x, result].map((tensor) => addressOf(backend, tensor)) as [number, number, number];
  kernelsOn(backend).geluGradient(from, at, to, x.size);
  return result;
});

export const gradientOfGelu = gradient('Gelu', { inputs: ['x'] }, (dy, [x]) => ({
  x: () => tf.engine().runKernel('GeluGrad', { dy, x: x as tf.Tensor }) as tf.Tensor,
}));
