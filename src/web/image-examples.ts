import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { pictureExamples } from '../data/picture-examples.ts';
import { sha256 } from '../model/sha256.ts';
import { pictureDecoder, type StillPicture } from './picture-decoder.ts';
import { snapshot } from './snapshot.ts';

/** A picture and what it shows. */
export interface ImageExample {
  /** A file or Blob, ImageData, a bitmap; or a canvas, video or image, which counts as it is shown now. */
  readonly image: ImageBitmapSource;
  /** A class index, or one number for each label or output. */
  readonly target: Target;
  /** What it is called in messages, and what its augmented views are drawn by. Default: the file's name, or `image 0`. */
  readonly name?: string;
}

/**
 * Makes examples of pictures that a page holds. Files and bitmaps are decoded each time they are read, at the size that
 * the model asks for, to the pixels that `predict` makes of them, in workers (see {@link imageFiles}); do not close a bitmap
 * before. Of a canvas, video or image a {@link snapshot} is kept.
 *
 * @param images The pictures and their targets.
 * @returns The examples: values from 0 to 255. Reading throws `INVALID_DATA`, naming the picture.
 * @throws TransferError `INVALID_DATA` where there are no pictures, or one cannot be drawn.
 *
 * @example
 * ```ts
 * import { splitExamples } from 'tfjs-transfer/data';
 * import { imageExamples } from 'tfjs-transfer/web';
 * import { openAsBlob } from 'node:fs'; // in a page: the files of an <input type="file">
 *
 * const labels = ['rose', 'tulip'];
 * const examples = await imageExamples([
 *   { image: await openAsBlob('rose.jpg'), target: labels.indexOf('rose') },
 *   { image: await openAsBlob('flowers/rose/1.png'), target: labels.indexOf('rose') },
 *   { image: await openAsBlob('flowers/tulip/1.png'), target: labels.indexOf('tulip') },
 *   { image: await openAsBlob('flowers/tulip/2.png'), target: labels.indexOf('tulip') },
 * ]);
 * const data = { ...splitExamples(examples, { validation: 0.5, seed: 7 }), labels };
 * console.log(data.train.targets, data.validation.targets); // [ 0, 1 ] [ 0, 1 ]
 * ```
 */
export async function imageExamples(images: readonly ImageExample[]): Promise<Examples> {
  if (!Array.isArray(images) || images.length === 0) {
    throw new TransferError('INVALID_DATA', 'imageExamples received no pictures. Pass an array of { image, target }.');
  }
  const stills = await Promise.all(images.map(({ image }) => (isStill(image) ? image : snapshot(image))));
  const named = images.map(({ image, target, name }, index) => {
    const file = image as Partial<File>;
    return { target, name: name ?? (file.webkitRelativePath || file.name || `image ${index}`) };
  });
  const decoder = pictureDecoder();
  return pictureExamples(
    named,
    (index, size) => decoder.decode(stills[index] as StillPicture, named[index]?.name as string, size),
    (index) => identity(stills[index] as StillPicture),
  );
}

/** What identifies a picture: the size and date of a file, the hash of what has neither. A bitmap cannot be read. */
async function identity(picture: StillPicture): Promise<unknown> {
  if (picture instanceof File) return [picture.size, picture.lastModified];
  if (picture instanceof Blob) return sha256(await picture.arrayBuffer());
  if ('data' in picture) return [picture.width, picture.height, await sha256(picture.data as BufferSource)];
  return undefined;
}

function isStill(image: ImageBitmapSource): image is StillPicture {
  const isBitmap = typeof ImageBitmap === 'function' && image instanceof ImageBitmap;
  return isBitmap || image instanceof Blob || 'data' in image;
}
