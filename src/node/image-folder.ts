import { join } from 'node:path';
import { TransferError } from '../core/errors.ts';
import { assertShares, type SplitSettings, type Splits, splitExamples } from '../data/split-examples.ts';
import { pathOf } from '../model/byte-reader.ts';
import { decodePicture, type EncodedPicture } from '../model/decode-picture.ts';
import { classFolders, type SkippedFile } from './class-folders.ts';
import { type LabelledPicture, labelledPictures } from './labelled-pictures.ts';
import { mapConcurrently } from './map-concurrently.ts';

/** Settings of {@link imageFolder}. */
export interface ImageFolderSettings<Validation extends number = number, Test extends number = number>
  extends SplitSettings<Validation, Test> {
  /**
   * The labels in the order of a model's, to evaluate it on the folder: each subfolder must be one of them, and a label
   * may have no pictures. Default: the names of the subfolders, sorted; each must have pictures, and there must be two.
   */
  readonly labels?: readonly string[];
  /** Called after each picture that was checked. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Stops the reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

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
  const { validation = 0.2, test = 0, signal, onProgress }: ImageFolderSettings = settings;
  assertShares(validation, test);
  const root = pathOf(String(folder));
  const { classes, files, skipped } = await classFolders(root);
  const labels = settings.labels ?? classes;
  const unknown = classes.find((name) => !labels.includes(name));
  if (unknown !== undefined) {
    throw invalid(root, `the folder "${unknown}" is none of the labels ${labels.join(', ')}. Rename or remove it.`);
  }
  let done = 0;
  const reasons = await mapConcurrently(
    files,
    4,
    async ({ name }) => {
      const reason = await whyUnreadable(join(root, name));
      onProgress?.({ done: ++done, total: files.length });
      return reason;
    },
    signal,
  );
  for (const [index, { name }] of files.entries()) {
    signal?.throwIfAborted();
    // libvips keeps one message for all threads, so the reason is another file's, or lost, until nothing runs beside it.
    if (reasons[index] !== undefined) reasons[index] = await whyUnreadable(join(root, name));
  }
  const pictures = files
    .filter((_, index) => reasons[index] === undefined)
    .map(({ name, label }) => ({ file: join(root, name), target: labels.indexOf(label), name }));
  const broken = files.flatMap(({ name }, index) => (reasons[index] ? [{ file: name, reason: reasons[index] }] : []));
  const allSkipped = [...skipped, ...broken].sort((a, b) => (a.file < b.file ? -1 : 1));
  const counts = labels.map((_, label) => pictures.filter(({ target }) => target === label).length);
  assertClasses(root, labels, counts, allSkipped, { isNew: !settings.labels, isDivided: validation + test > 0 });
  return { ...splitExamples(labelledPictures(pictures), settings), labels, pictures, skipped: allSkipped };
}

const invalid = (folder: string, sentence: string) =>
  new TransferError('INVALID_DATA', `imageFolder("${folder}"): ${sentence}`);

async function whyUnreadable(file: EncodedPicture): Promise<string | undefined> {
  try {
    // Small, for speed: the decoder still goes through the whole file.
    await decodePicture(file, { width: 8, height: 8, channels: 3 });
    return undefined;
  } catch (error) {
    if (!(error instanceof TransferError) || error.code === 'PACKAGE_MISSING') throw error;
    const { message } = (error.cause ?? error) as Error;
    return `it cannot be read: ${message.trim().split('\n', 1)[0]}`;
  }
}

function assertClasses(
  folder: string,
  labels: readonly string[],
  counts: readonly number[],
  skipped: readonly SkippedFile[],
  { isNew, isDivided }: { readonly isNew: boolean; readonly isDivided: boolean },
): void {
  const shown = skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`);
  const note =
    shown.length > 0 ? ` Skipped ${skipped.length} (${shown.join('; ')}${skipped.length > 3 ? '; ...' : ''}).` : '';
  if (counts.every((count) => count === 0)) {
    throw invalid(
      folder,
      `there is no readable picture in ${labels.map((label) => `${label}/`).join(', ')}. Put pictures there.${note}`,
    );
  }
  if (isNew && labels.length === 1) {
    throw invalid(
      folder,
      `there is one class alone, "${labels[0]}". Add a subfolder with pictures of something else.${note}`,
    );
  }
  for (const [index, label] of labels.entries()) {
    if (isNew && counts[index] === 0) {
      throw invalid(folder, `the class "${label}" has no readable picture. Add pictures, or remove its folder.${note}`);
    }
    if (isDivided && counts[index] === 1) {
      throw invalid(
        folder,
        `the class "${label}" has one picture, which cannot be divided between the splits. Add pictures of it, remove its ` +
          `folder, or pass { validation: 0, test: 0 }.${note}`,
      );
    }
  }
}
