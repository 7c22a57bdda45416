import { join } from 'node:path';
import { TransferError } from '../core/errors.ts';
import { assertSettings, textOf } from '../core/settings.ts';
import type { SkippedFile } from '../data/class-folders.ts';
import { classPictures, type ImageFolderSettings, knownInFolder } from '../data/class-pictures.ts';
import { assertShares, type Splits, splitByShares } from '../data/split-examples.ts';
import { pathOf } from '../model/byte-reader.ts';
import { decodePicture } from '../model/decode-picture.ts';
import { listClassFolders } from './class-folders.ts';
import { type LabelledPicture, labelledPictures } from './labelled-pictures.ts';

/** An image folder as splits. */
export type ImageFolder<Validation extends number = number, Test extends number = number> = Splits<Validation, Test> & {
  /** The names of the classes, in the order of the targets. */
  readonly labels: readonly string[];
  /** The pictures of all splits, in the order of their names. */
  readonly pictures: readonly LabelledPicture[];
  /** Files that are no examples, and why. */
  readonly skipped: readonly SkippedFile[];
};

/**
 * Reads a folder of pictures as examples: each subfolder is a class, named after it.
 *
 * Every picture is decoded once to see that it is whole; a file that is not is left out and listed in `skipped`. Later
 * each is decoded when it is read, at the size that the model asks for: RGB or grey, values from 0 to 255, resized
 * bilinearly without keeping the ratio of its sides. Splits have every class in its share, and only training examples
 * are augmented.
 *
 * @param folder The path or `file:` URL of the folder.
 * @param settings The shares of validation (0.2) and test (0), the seed (0), augmentation, order of labels, signal,
 * progress.
 * @returns The splits, the labels, the pictures and the files that were skipped. It holds no tensor.
 * @throws TransferError `NOT_FOUND` where there is no folder; `INVALID_DATA` where it has no subfolders, no readable
 * pictures, one class alone, or a class with too few pictures to divide; `INVALID_ARGUMENT`; `PACKAGE_MISSING` where
 * sharp is not installed.
 *
 * @example
 * ```ts
 * import { flip } from 'tfjs-transfer/data';
 * import { imageFolder } from 'tfjs-transfer/node';
 *
 * const data = await imageFolder('flowers/', { validation: 0.25, seed: 7, augment: flip() });
 * console.log(data.labels, data.train.size, data.validation.size); // [ 'daisy', 'rose', 'tulip' ] 9 3
 * ```
 */
export async function imageFolder<const Validation extends number = 0.2, const Test extends number = 0>(
  folder: string | URL,
  settings: ImageFolderSettings<Validation, Test> = {},
): Promise<ImageFolder<Validation, Test>> {
  assertSettings('imageFolder', settings, knownInFolder);
  const { validation = 0.2, test = 0 }: ImageFolderSettings = settings;
  assertShares(validation, test);
  if (typeof folder !== 'string' && !((folder as unknown) instanceof URL)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `imageFolder received ${textOf(folder)} in place of a folder. Pass its path, or a file: URL.`,
    );
  }
  const root = pathOf(String(folder));
  const found = await classPictures(
    {
      ...(await listClassFolders(root)),
      caller: `imageFolder("${root}")`,
      place: (name) => join(root, name),
      // Small, for speed: the decoder still goes through the whole file.
      check: (file) => decodePicture(file, { width: 8, height: 8, channels: 3 }),
    },
    settings,
  );
  return { ...splitByShares(labelledPictures(found.pictures), settings), ...found };
}
