import { TransferError } from '../core/errors.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { drawingTools, mostPixels } from '../model/decode-picture.ts';
import { drawPicture } from '../model/draw-picture.ts';

/** Settings of {@link snapshot}. */
export interface SnapshotSettings {
  /** Height and width in pixels, those of the model's input to save memory. Default: as it is shown. */
  readonly size?: number;
}

/**
 * Keeps what a video, canvas or image shows at this moment. `predict` makes the same of the snapshot as of what it was
 * taken from.
 *
 * @param source The video, canvas, image or bitmap.
 * @param settings The size; the ratio of the sides is not kept, as in `predict`.
 * @returns The pixels, opaque, on white. There is nothing to free.
 * @throws TransferError `INVALID_DATA` where nothing can be drawn: a video that shows no frame yet, a picture of another
 * origin; `INVALID_ARGUMENT` for a size that is no whole number from 1.
 *
 * @example
 * ```ts
 * import { snapshot } from 'tfjs-transfer/web';
 *
 * const video = globalThis.document?.querySelector('video');
 * if (video) console.log((await snapshot(video, { size: 224 })).width); // 224
 * ```
 */
export async function snapshot(source: ImageBitmapSource, settings: SnapshotSettings = {}): Promise<ImageData> {
  assertSettings('snapshot', settings, { size: 224 });
  const { size } = settings;
  if (size !== undefined) assertRange('snapshot', wholeFrom1, { size });
  const sides = { width: size ?? null, height: size ?? null };
  const pixels = await drawPicture(source, sides, mostPixels, drawingTools).catch((cause: unknown) => {
    const what = (source as object | null)?.constructor?.name ?? String(source);
    throw new TransferError(
      'INVALID_DATA',
      `snapshot: the ${what} cannot be drawn (${(cause as Error).message}). Pass a canvas, an image or bitmap, or a video ` +
        'that shows a frame (await video.play()), of this origin.',
      { cause },
    );
  });
  const { data, width, height } = pixels;
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[pixel * 4 + channel] = data[pixel * 3 + channel] as number;
    }
    image.data[pixel * 4 + 3] = 255;
  }
  return image;
}
