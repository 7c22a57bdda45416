import type * as tf from '@tensorflow/tfjs-core';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';

/** Least and greatest result. */
export type Bounds = readonly [low: number, high: number];

/**
 * The bounds that an activation is, where it is one that rides on the store of a kernel.
 *
 * @param activation tfjs' name of it; none is linear.
 * @returns The bounds; undefined for activations that are none.
 */
export function boundsOf(activation: string | null | undefined): Bounds | undefined {
  const infinity = Number.POSITIVE_INFINITY;
  return { linear: [-infinity, infinity] as const, relu: [0, infinity] as const, relu6: [0, 6] as const }[
    (activation ?? 'linear') as string
  ];
}

const boundsGradient = (kernelName: string, low: number, high: number) =>
  trainingKernel<'dy' | 'y', unknown>(kernelName, ({ inputs: { dy, y }, backend }): tf.Tensor => {
    const result = allocate(backend, y.shape);
    const [from, at, to] = [dy, y, result].map((tensor) => addressOf(backend, tensor)) as [number, number, number];
    kernelsOn(backend).boundsGradient(from, at, to, y.size, low, high);
    return result;
  });

/** The gradient of relu, told by its output, in one pass; tfjs has no kernel for it and takes two. */
export const reluGradient = boundsGradient('ReluGrad', 0, Number.POSITIVE_INFINITY);

/** The gradient of relu6, told by its output, in one pass; out of tfjs' operations it takes four. */
export const relu6Gradient = boundsGradient('Relu6Grad', 0, 6);
