import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import { luminance } from '../model/pixels.ts';
import type { Augmentation } from './augmentation.ts';

/** Settings of {@link colour}: how far each factor goes from 1, from 0 (not at all) to 1. */
export interface ColourSettings {
  /** Factor on the values. Default: 0.2, so 0.8 to 1.2. */
  readonly brightness?: number;
  /** Factor on the distance from the picture's mean grey. Default: 0.2. */
  readonly contrast?: number;
  /** Factor on the distance from the pixel's own grey; without effect on grey pictures. Default: 0.2. */
  readonly saturation?: number;
}

/**
 * Changes brightness, contrast and saturation of each picture by random factors, in this order (the colour jitter of
 * Howard, 2013).
 *
 * @param settings How far the factors go.
 * @returns The augmentation.
 * @throws TransferError `INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { colour } from 'tfjs-transfer/data';
 * import { imageFolder } from 'tfjs-transfer/node';
 *
 * const data = await imageFolder('flowers', { augment: colour({ brightness: 0.4 }) });
 * console.log(data.train.augmented); // true
 * ```
 */
export function colour(settings: ColourSettings = {}): Augmentation & Required<ColourSettings> {
  assertSettings('colour', settings, { brightness: 0.2, contrast: 0.2, saturation: 0.2 });
  const { brightness = 0.2, contrast = 0.2, saturation = 0.2 } = settings;
  for (const [name, reach] of Object.entries({ brightness, contrast, saturation })) {
    if (reach >= 0 && reach <= 1) continue;
    throw new TransferError(
      'INVALID_ARGUMENT',
      `colour({ ${name}: ${reach} }): pass a number from 0 to 1, such as 0.2.`,
    );
  }
  return {
    kind: 'augmentation',
    name: 'colour',
    brightness,
    contrast,
    saturation,
    apply({ data, width, height, channels }, random) {
      const factor = (reach: number) => 1 + reach * (2 * random() - 1);
      const [bright, contrasted, saturated] = [factor(brightness), factor(contrast), factor(saturation)];
      const greyAt = (pixel: number) =>
        channels === 1
          ? (data[pixel] as number)
          : luminance(data[pixel * 3] as number, data[pixel * 3 + 1] as number, data[pixel * 3 + 2] as number);
      const pixels = width * height;
      let sum = 0;
      for (let pixel = 0; pixel < pixels; pixel++) sum += greyAt(pixel);
      const mean = (bright * sum) / pixels;
      // All three are linear, so values are rounded and clipped to 0..255 once, when they are stored.
      const changed = new Uint8ClampedArray(data.length);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const grey = mean + contrasted * (bright * greyAt(pixel) - mean);
        for (let at = pixel * channels; at < (pixel + 1) * channels; at++) {
          const value = mean + contrasted * (bright * (data[at] as number) - mean);
          changed[at] = grey + saturated * (value - grey);
        }
      }
      return { data: changed, width, height, channels };
    },
  };
}
