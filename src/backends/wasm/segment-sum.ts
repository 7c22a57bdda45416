import * as tf from '@tensorflow/tfjs-core';
import { allocateZeros } from './heap.ts';
import { trainingKernel } from './kernel.ts';

/**
 * Sums rows by segment: the gradient of looking rows up, so of an embedding, which WASM lacks (trap T11). Rows of a
 * segment that does not exist are left out, as tfjs does on its other backends.
 */
export const unsortedSegmentSum = trainingKernel<'x' | 'segmentIds', tf.UnsortedSegmentSumAttrs>(
  tf.UnsortedSegmentSum,
  ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
    const rowShape = x.shape.slice(segmentIds.rank);
    const size = tf.util.sizeFromShape(rowShape);
    const result = allocateZeros(backend, [numSegments, ...rowShape], tf.sumOutType(x.dtype));
    const numbers = backend.typedArrayFromHeap(result);
    const source = backend.typedArrayFromHeap(x);
    backend.typedArrayFromHeap(segmentIds).forEach((segment, row) => {
      if (segment < 0 || segment >= numSegments) return;
      const [from, to] = [row * size, segment * size];
      for (let i = 0; i < size; i++) (numbers[to + i] as number) += source[from + i] as number;
    });
    return result;
  },
);
