import { stat } from 'node:fs/promises';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { pictureExamples } from '../data/picture-examples.ts';
import { pathOf } from '../model/byte-reader.ts';
import { decodePicture } from '../model/decode-picture.ts';

/** A picture file and what it shows. */
export interface LabelledPicture {
  /** The path of the file. */
  readonly file: string;
  /** A class index, or one number for each label or output. */
  readonly target: Target;
  /** What it is called in messages, and what its augmented views are drawn by. Default: the path. */
  readonly name?: string;
}

/**
 * Makes examples of picture files. A file is decoded each time it is read, at the size that the model asks for, four at
 * a time; nothing is read before.
 *
 * @param pictures The files and their targets.
 * @returns The examples: values from 0 to 255. Reading throws `NOT_FOUND` and `INVALID_DATA`, naming the file, and
 * `PACKAGE_MISSING` where sharp is not installed.
 * @throws TransferError `INVALID_DATA` where there are no pictures.
 *
 * @example
 * ```ts
 * import { labelledPictures } from 'tfjs-transfer/node';
 *
 * const examples = labelledPictures([
 *   { file: 'rose.jpg', target: [1, 0] },
 *   { file: 'flowers/tulip/1.png', target: [0, 1] },
 * ]);
 * console.log(examples.size); // 2
 * ```
 */
export function labelledPictures(pictures: readonly LabelledPicture[]): Examples {
  if (!Array.isArray(pictures) || pictures.length === 0) {
    throw new TransferError(
      'INVALID_DATA',
      'labelledPictures received no pictures. Pass an array of { file, target }.',
    );
  }
  const named = pictures.map(({ file, target, name = file }) => ({ file, target, name }));
  return pictureExamples(
    named,
    (index, size) => decodePicture(named[index]?.file as string, size),
    async (index) => {
      const stats = await stat(pathOf(named[index]?.file as string));
      return [stats.size, stats.mtimeMs];
    },
  );
}
