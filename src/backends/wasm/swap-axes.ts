import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../shared/kernel.ts';
import { addressOf, allocate, type WasmBackend } from './heap.ts';
import { kernelsOn } from './native.ts';

/** Swaps the two axes in the middle of four, as attention does with heads and positions; the rest is left to tfjs. */
export const transpose = kernel<'x', tf.TransposeAttrs, WasmBackend>(
  tf.Transpose,
  ({ inputs: { x }, attrs: { perm }, backend }) => {
    if (String(perm) !== '0,2,1,3' || x.dtype !== 'float32') return undefined;
    const [outer, m, n, row] = x.shape as [number, number, number, number];
    const result = allocate(backend, [outer, n, m, row]);
    kernelsOn(backend).swapAxes(addressOf(backend, x), addressOf(backend, result), outer, m, n, row);
    return result;
  },
);
