import { allocate } from './heap.ts';
import type { Kernel, Shape4D } from './kernel.ts';

interface Attributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** The place of the input that each place of the output is copied from. tfjs' WASM computes it in float32. */
function sourcesOf(size: number, outSize: number, { alignCorners, halfPixelCenters }: Attributes): readonly number[] {
  const corners = alignCorners && outSize > 1 ? 1 : 0;
  const scale = Math.fround((size - corners) / (outSize - corners));
  return Array.from({ length: outSize }, (_, out) => {
    const place = Math.fround((halfPixelCenters ? out + 0.5 : out) * scale);
    return Math.min(size - 1, alignCorners ? Math.round(place) : Math.floor(place));
  });
}

/** The gradient of nearest-neighbour resizing: each output's goes to the pixel that it was copied from (trap T25). */
export const resizeNearestNeighborGradient: Kernel<'images' | 'dy', Attributes> = ({
  inputs: { images, dy },
  attrs,
  backend,
}) => {
  const [batch, height, width, channels] = images.shape as Shape4D;
  const [, outHeight, outWidth] = dy.shape as Shape4D;
  const [rows, columns] = [sourcesOf(height, outHeight, attrs), sourcesOf(width, outWidth, attrs)];
  const { result, numbers, views } = allocate(backend, images.shape, dy);
  const [gradient] = views;
  for (let b = 0, out = 0; b < batch; b++) {
    for (const y of rows) {
      for (const x of columns) {
        const at = ((b * height + y) * width + x) * channels;
        for (let c = 0; c < channels; c++, out++) (numbers[at + c] as number) += gradient[out] as number;
      }
    }
  }
  return result;
};
