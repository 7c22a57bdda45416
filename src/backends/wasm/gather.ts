import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../shared/kernel.ts';
import { addressOf, allocate, type WasmBackend } from './heap.ts';

/**
 * Looks up rows by copying each as a whole; tfjs' kernel computes the place of each number. Other axes, batches of
 * indices and indices out of range are left to it, which says what is wrong.
 */
export const gather = kernel<'x' | 'indices', tf.GatherV2Attrs, WasmBackend>(
  tf.GatherV2,
  ({ inputs: { x, indices }, attrs: { axis, batchDims }, backend }) => {
    const [rows = 0, ...rest] = x.shape;
    const picks = indices.dataSync();
    if (axis !== 0 || batchDims !== 0 || x.dtype !== 'float32') return undefined;
    if (indices.dtype !== 'int32' || picks.some((pick) => !(pick >= 0 && pick < rows))) return undefined;
    const result = allocate(backend, [...indices.shape, ...rest]);
    const bytes = 4 * tf.util.sizeFromShape(rest);
    const [from, to] = [addressOf(backend, x), addressOf(backend, result)];
    const { HEAPU8 } = backend.wasm;
    for (const [index, pick] of picks.entries()) {
      HEAPU8.copyWithin(to + index * bytes, from + pick * bytes, from + (pick + 1) * bytes);
    }
    return result;
  },
);
