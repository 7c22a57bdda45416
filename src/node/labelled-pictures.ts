import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { decodePicture } from '../model/decode-picture.ts';
import { shapeText } from '../model/dense.ts';
import { pictureSize } from '../model/picture.ts';
import { mapConcurrently } from './map-concurrently.ts';

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
  const picturesAt = (index: number) => pictures[index] as LabelledPicture;
  return {
    kind: 'examples',
    size: pictures.length,
    targets: pictures.map(({ target }) => target),
    augmented: false,
    describe: (index) => picturesAt(index).name ?? picturesAt(index).file,
    async read(indices, { inputs, signal }) {
      const [specification] = inputs;
      const size = specification && pictureSize(specification);
      if (!size || inputs.length !== 1 || size.width === null || size.height === null) {
        throw new TransferError(
          'INVALID_DATA',
          `The model reads ${inputs.map(({ shape }) => shapeText(shape)).join(' and ')}; picture files fit one input ` +
            '[height, width, 3 or 1] of a fixed size. Use a base for pictures, or examples of tfjs-transfer/data.',
        );
      }
      const { width, height, channels } = size;
      const rowSize = width * height * channels;
      const batch = new Float32Array(indices.length * rowSize);
      await mapConcurrently(
        indices,
        4,
        async (index, row) => {
          batch.set((await decodePicture(picturesAt(index).file, size)).data, row * rowSize);
        },
        signal,
      );
      return [tf.tensor(batch, [indices.length, height, width, channels], specification.dtype)];
    },
  };
}
