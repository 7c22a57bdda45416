import type { Augmentation } from './augmentation.ts';

/**
 * Mirrors a picture left to right, with a chance of one half.
 *
 * @returns The augmentation.
 *
 * @example
 * ```ts
 * import { flip } from 'tfjs-transfer/data';
 * import { imageFolder } from 'tfjs-transfer/node';
 *
 * const data = await imageFolder('flowers', { augment: flip() });
 * console.log(data.train.augmented); // true
 * ```
 */
export function flip(): Augmentation {
  return {
    kind: 'augmentation',
    name: 'flip',
    apply(picture, random) {
      const { data, width, height, channels } = picture;
      if (random() < 0.5) return { ...picture, data: data.slice() };
      const flipped = new Uint8ClampedArray(data.length);
      for (let pixel = 0; pixel < width * height; pixel++) {
        const column = pixel % width;
        const from = (pixel - column + width - 1 - column) * channels;
        for (let channel = 0; channel < channels; channel++) {
          flipped[pixel * channels + channel] = data[from + channel] as number;
        }
      }
      return { data: flipped, width, height, channels };
    },
  };
}
