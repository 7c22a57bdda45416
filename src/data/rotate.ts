import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import type { Augmentation } from './augmentation.ts';

/** Settings of {@link rotate}. */
export interface RotateSettings {
  /** The largest angle, to either side, in degrees: from 0 to 180. Default: 10. */
  readonly degrees?: number;
}

/**
 * Turns each picture about its centre by a random angle, bilinearly. The picture keeps its size; where nothing was, the
 * pixel of the edge nearest to it is repeated.
 *
 * @param settings The largest angle. Angles are drawn uniformly from `-degrees` to `degrees`; positive ones turn
 * counterclockwise, as in Pillow and torchvision.
 * @returns The augmentation.
 * @throws TransferError `INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { flip, rotate } from 'tfjs-transfer/data';
 * import { imageFolder } from 'tfjs-transfer/node';
 *
 * const data = await imageFolder('flowers', { augment: [flip(), rotate({ degrees: 15 })] });
 * console.log(data.train.augmented); // true
 * ```
 */
export function rotate(settings: RotateSettings = {}): Augmentation & Required<RotateSettings> {
  assertSettings('rotate', settings, { degrees: 10 });
  const { degrees = 10 } = settings;
  if (!(degrees >= 0 && degrees <= 180)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `rotate({ degrees: ${degrees} }): pass the largest angle in degrees, from 0 to 180, such as 10.`,
    );
  }
  return {
    kind: 'augmentation',
    name: 'rotate',
    degrees,
    apply({ data, width, height, channels }, random) {
      const angle = (degrees * (2 * random() - 1) * Math.PI) / 180;
      const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
      const [right, bottom] = [width - 1, height - 1];
      const within = (position: number, last: number) => Math.min(Math.max(position, 0), last);
      const rotated = new Uint8ClampedArray(data.length);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          // Pixel by pixel: where it comes from, turned back about the centre of the picture.
          const [across, down] = [x - right / 2, y - bottom / 2];
          const fromX = within(right / 2 + cosine * across - sine * down, right);
          const fromY = within(bottom / 2 + sine * across + cosine * down, bottom);
          const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
          const [shareX, shareY] = [fromX - left, fromY - top];
          const upper = (top * width + left) * channels;
          const nextX = left < right ? channels : 0;
          const nextY = top < bottom ? width * channels : 0;
          for (let channel = 0; channel < channels; channel++) {
            const at = (offset: number) => data[upper + offset + channel] as number;
            const above = at(0) + shareX * (at(nextX) - at(0));
            const below = at(nextY) + shareX * (at(nextY + nextX) - at(nextY));
            rotated[(y * width + x) * channels + channel] = above + shareY * (below - above);
          }
        }
      }
      return { data: rotated, width, height, channels };
    },
  };
}
