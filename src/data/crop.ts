import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import { resizePixels } from '../model/resize-pixels.ts';
import type { Augmentation } from './augmentation.ts';

/** Settings of {@link crop}. */
export interface CropSettings {
  /** The least and the largest share of the picture's area that is kept, above 0 and up to 1. Default: 0.7 to 1. */
  readonly scale?: readonly [least: number, largest: number];
}

/**
 * Cuts a random part out of each picture and enlarges it to the picture's size, bilinearly. The part has the shape of
 * the picture (the random resized crop of Szegedy et al., 2014, without its change of ratio).
 *
 * @param settings The share that is kept.
 * @returns The augmentation.
 * @throws TransferError `INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { crop, flip } from 'tfjs-transfer/data';
 * import { imageFolder } from 'tfjs-transfer/node';
 *
 * const data = await imageFolder('flowers', { augment: [flip(), crop({ scale: [0.5, 1] })] });
 * console.log(data.train.augmented); // true
 * ```
 */
export function crop(settings: CropSettings = {}): Augmentation & Required<CropSettings> {
  assertSettings('crop', settings, { scale: [0.7, 1] });
  const { scale = [0.7, 1] } = settings;
  const [least, largest] = scale;
  if (!(least > 0 && least <= largest && largest <= 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `crop({ scale: [${scale}] }): pass the least and the largest share of the area, above 0 and up to 1, such as [0.7, 1].`,
    );
  }
  return {
    kind: 'augmentation',
    name: 'crop',
    scale,
    apply(picture, random) {
      const side = Math.sqrt(least + (largest - least) * random());
      const { width, height } = picture;
      const left = random() * width * (1 - side);
      const top = random() * height * (1 - side);
      return resizePixels(picture, width, height, { left, top, width: width * side, height: height * side });
    },
  };
}
