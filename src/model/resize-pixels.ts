import type { PixelBox, Pixels } from './pixels.ts';

/**
 * Resizes a picture bilinearly, pixel centre to pixel centre. Where it shrinks, the triangle widens so that no pixel is
 * left out, as in Pillow's `BILINEAR` and sharp's kernel `linear`.
 *
 * It names nothing outside itself, so that its source can be sent to a worker (as can what else {@link drawPicture} uses).
 *
 * @param picture The picture; it is not changed.
 * @param width The width of the result in pixels.
 * @param height The height of the result in pixels.
 * @param box The part of the picture to take. Default: all of it.
 */
export function resizePixels(picture: Pixels, width: number, height: number, box?: PixelBox): Pixels {
  const { left, top, ...part } = box ?? { left: 0, top: 0, width: picture.width, height: picture.height };
  const { channels, data } = picture;
  /** For each of `count` places along a side: the first pixel that it is made of, and the weights from there on. */
  const taps = (from: number, length: number, size: number, count: number) => {
    const scale = length / count;
    const support = Math.max(1, scale);
    return Array.from({ length: count }, (_, place) => {
      const centre = from + (place + 0.5) * scale - 0.5;
      const first = Math.max(0, Math.ceil(centre - support));
      const last = Math.min(size - 1, Math.floor(centre + support));
      const raw = Array.from({ length: last - first + 1 }, (_, i) => 1 - Math.abs(first + i - centre) / support);
      const sum = raw.reduce((total, weight) => total + weight, 0);
      return { first, weights: raw.map((weight) => weight / sum) };
    });
  };
  const columns = taps(left, part.width, picture.width, width);
  const rows = taps(top, part.height, picture.height, height);
  const narrow = new Float32Array(width * picture.height * channels);
  for (let y = 0; y < picture.height; y++) {
    columns.forEach(({ first, weights }, x) => {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          sum += (weights[i] as number) * (data[(y * picture.width + first + i) * channels + channel] as number);
        }
        narrow[(y * width + x) * channels + channel] = sum;
      }
    });
  }
  const rowLength = width * channels;
  const resized = new Uint8ClampedArray(height * rowLength);
  rows.forEach(({ first, weights }, y) => {
    for (let at = 0; at < rowLength; at++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        sum += (weights[i] as number) * (narrow[(first + i) * rowLength + at] as number);
      }
      resized[y * rowLength + at] = sum;
    }
  });
  return { data: resized, width, height, channels };
}
