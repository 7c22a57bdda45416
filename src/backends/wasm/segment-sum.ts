import * as tf from '@tensorflow/tfjs-core';
import { allocate } from './heap.ts';
import type { Kernel } from './kernel.ts';

/** Sums rows by segment: the gradient of looking rows up (Embedding). Rows of no segment are left out. */
export const unsortedSegmentSum: Kernel<'x' | 'segmentIds', { readonly numSegments: number }> = ({
  inputs: { x, segmentIds },
  attrs: { numSegments },
  backend,
}) => {
  const rowShape = x.shape.slice(segmentIds.shape.length);
  const width = tf.util.sizeFromShape(rowShape);
  const { result, numbers, views } = allocate(backend, [numSegments, ...rowShape], x, segmentIds);
  const [values, ids] = views;
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row] as number;
    if (id < 0 || id >= numSegments) continue;
    for (let i = 0; i < width; i++) (numbers[id * width + i] as number) += values[row * width + i] as number;
  }
  return result;
};
