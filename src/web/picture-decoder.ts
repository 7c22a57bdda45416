import { TransferError } from '../core/errors.ts';
import { decodePicture, drawingTools, mostPixels } from '../model/decode-picture.ts';
import { drawPicture } from '../model/draw-picture.ts';
import { type PixelSize, type Pixels, withChannels } from '../model/pixels.ts';
import { pictureWorkers } from './picture-workers.ts';

/** A picture that does not change: a file, or pixels. */
export type StillPicture = Blob | ImageData | ImageBitmap;

/** Where pictures are decoded and resized: in workers, or in the page where there can be none. */
export type DecodedIn = 'worker' | 'page';

/** Gives the pixels of pictures. */
export interface PictureDecoder {
  /**
   * @param picture The picture.
   * @param name What it is called in messages.
   * @param size What it is wanted as.
   * @throws TransferError `INVALID_DATA` where it cannot be decoded.
   */
  decode(picture: StillPicture, name: string, size: PixelSize): Promise<Pixels>;
  /** Where the pictures so far were decoded. */
  decodedIn(): DecodedIn;
}

/**
 * Makes a decoder that works in workers, so that the page stays alive. Where there can be none, browsers still decode
 * beside the page, and pictures are resized on it. Both give what `predict` makes of the same picture.
 */
export function pictureDecoder(): PictureDecoder {
  const workers = pictureWorkers();
  let place: DecodedIn = 'page';
  return {
    decodedIn: () => place,
    async decode(picture, name, size) {
      try {
        const pixels = await workers.draw(picture, size);
        if (pixels) place = 'worker';
        return pixels ?? (await decodeInPage(picture, size));
      } catch (error) {
        if (error instanceof TransferError && error.code !== 'INVALID_DATA') throw error;
        const cause = error instanceof TransferError ? (error.cause ?? error) : error;
        throw new TransferError(
          'INVALID_DATA',
          `${name} cannot be decoded: ${String((cause as Error | undefined)?.message ?? cause).trim()}. ` +
            'Pass a whole picture of a kind that the browser reads: JPEG, PNG, WebP, GIF or AVIF.',
          { cause },
        );
      }
    },
  };
}

async function decodeInPage(picture: StillPicture, size: PixelSize): Promise<Pixels> {
  if (picture instanceof Blob) return decodePicture(picture, size);
  return withChannels(await drawPicture(picture, size, mostPixels, drawingTools), size.channels);
}
