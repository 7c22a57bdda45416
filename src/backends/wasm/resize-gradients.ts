import * as tf from '@tensorflow/tfjs-core';
import { allocateZeros } from './heap.ts';
import { type Shape4, trainingKernel } from './kernel.ts';

/** What the operation passes on: tfjs' type for the gradient leaves out half of it. */
type Attributes = Pick<tf.ResizeNearestNeighborAttrs, 'alignCorners' | 'halfPixelCenters'>;

/**
 * For each output, the input that the forward kernel copies: in single precision as there, which decides between two
 * neighbours at times.
 */
function sourcesOf(inputs: number, outputs: number, { alignCorners, halfPixelCenters }: Attributes): number[] {
  const isByCorners = alignCorners && outputs > 1;
  const scale = Math.fround((isByCorners ? inputs - 1 : inputs) / (isByCorners ? outputs - 1 : outputs));
  return Array.from({ length: outputs }, (_, output) => {
    const place = Math.fround(scale * (halfPixelCenters ? output + 0.5 : output));
    return Math.min(inputs - 1, alignCorners ? Math.round(place) : Math.floor(place));
  });
}

/** The gradient of nearest-neighbour resizing. That of tfjs ignores half-pixel centers (trap T25). */
export const resizeNearestNeighborGradient = trainingKernel<'images' | 'dy', Attributes>(
  tf.ResizeNearestNeighborGrad,
  ({ inputs: { images, dy }, attrs, backend }) => {
    const [batch, height, width, channels] = images.shape as Shape4;
    const [, outHeight, outWidth] = dy.shape as Shape4;
    const rows = sourcesOf(height, outHeight, attrs);
    const columns = sourcesOf(width, outWidth, attrs);
    const result = allocateZeros(backend, images.shape);
    const numbers = backend.typedArrayFromHeap(result);
    const gradient = backend.typedArrayFromHeap(dy);
    let from = 0;
    for (let picture = 0; picture < batch; picture++) {
      for (const row of rows) {
        for (const column of columns) {
          const to = ((picture * height + row) * width + column) * channels;
          for (let channel = 0; channel < channels; channel++) {
            (numbers[to + channel] as number) += gradient[from++] as number;
          }
        }
      }
    }
    return result;
  },
);
