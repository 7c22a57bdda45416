import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import { classFolders, type SkippedFile } from '../data/class-folders.ts';
import { classPictures, type ImageFolderSettings, knownInFolder } from '../data/class-pictures.ts';
import { pictureExamples } from '../data/picture-examples.ts';
import { assertShares, type Splits, splitByShares } from '../data/split-examples.ts';
import { type DecodedIn, pictureDecoder } from './picture-decoder.ts';

/** A picture file of a class. */
export interface LabelledFile {
  readonly file: File;
  /** The index of its class in `labels`. */
  readonly target: number;
  /** Its path in the folder, `rose/1.png`. */
  readonly name: string;
}

/** The files of an image folder as splits. */
export type ImageFiles<Validation extends number = number, Test extends number = number> = Splits<Validation, Test> & {
  /** The names of the classes, in the order of the targets. */
  readonly labels: readonly string[];
  /** The pictures of all splits, in the order of their names. */
  readonly pictures: readonly LabelledFile[];
  /** Files that are no examples, and why. */
  readonly skipped: readonly SkippedFile[];
  /** Where pictures are decoded and resized: `page` where the browser or the page's Content-Security-Policy has no workers. */
  readonly decodedIn: DecodedIn;
};

/**
 * Reads the files of a folder as examples: each subfolder is a class, named after it. It is `imageFolder` of a page: the
 * same folder and seed give the same splits and names as in Node.
 *
 * Every picture is decoded once to see that it is whole; a file that is not is left out and listed in `skipped`. Later
 * each is decoded when it is read, at the size that the model asks for, to the pixels that `predict` makes of it: upright,
 * on white, values from 0 to 255, resized bilinearly without keeping the ratio of its sides. Decoding and resizing happen
 * in workers; a Content-Security-Policy has to allow `worker-src blob:`, or the page does it (see `decodedIn`).
 *
 * @param files The files with their paths in `webkitRelativePath`: of an `<input type="file" webkitdirectory>`, or what
 * {@link droppedFiles} gives. A folder that all of them lie in does not count.
 * @param settings The shares of validation (0.2) and test (0), the seed (0), augmentation, order of labels, signal,
 * progress.
 * @returns The splits, the labels, the pictures and the files that were skipped. It holds no tensor.
 * @throws TransferError `INVALID_DATA` where there are no files, no subfolders, no readable pictures, one class alone, or
 * a class with too few pictures to divide; `INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { flip } from 'tfjs-transfer/data';
 * import { imageFiles } from 'tfjs-transfer/web';
 *
 * // <input type="file" webkitdirectory>
 * const input = globalThis.document?.querySelector<HTMLInputElement>('input[type=file]');
 * input?.addEventListener('change', async () => {
 *   const data = await imageFiles(input.files ?? [], { validation: 0.25, seed: 7, augment: flip() });
 *   console.log(data.labels, data.train.size, data.validation.size);
 * });
 * ```
 */
export async function imageFiles<const Validation extends number = 0.2, const Test extends number = 0>(
  files: ArrayLike<File>,
  settings: ImageFolderSettings<Validation, Test> = {},
): Promise<ImageFiles<Validation, Test>> {
  assertSettings('imageFiles', settings, knownInFolder);
  const { validation = 0.2, test = 0 }: ImageFolderSettings = settings;
  assertShares(validation, test);
  const byName = byPath(files);
  const decoder = pictureDecoder();
  const found = await classPictures(
    {
      ...classFolders([...byName.keys()]),
      caller: 'imageFiles',
      place: (name) => byName.get(name) as File,
      check: (file) => decoder.decode(file, file.name, { width: 8, height: 8, channels: 3 }),
    },
    settings,
  );
  const fileOf = (index: number) => (found.pictures[index] as LabelledFile).file;
  const examples = pictureExamples(
    found.pictures,
    (index, size) => decoder.decode(fileOf(index), found.pictures[index]?.name as string, size),
    (index) => [fileOf(index).size, fileOf(index).lastModified],
  );
  return { ...splitByShares(examples, settings), ...found, decodedIn: decoder.decodedIn() };
}

/** The files by their path in the folder that all of them lie in. */
function byPath(files: ArrayLike<File>): ReadonlyMap<string, File> {
  const all = Array.from(files, (file) => ({ file, path: (file.webkitRelativePath || file.name).split('/') }));
  if (all.length === 0) {
    throw new TransferError(
      'INVALID_DATA',
      'imageFiles received no files. Pass the files of an <input type="file" webkitdirectory>, or await droppedFiles(event.dataTransfer).',
    );
  }
  if (all.every(({ path }) => path.length === 1)) {
    throw new TransferError(
      'INVALID_DATA',
      `imageFiles received ${all.length} files without a folder, "${all[0]?.file.name}" first, and folders are the classes. ` +
        'Choose a folder (<input type="file" webkitdirectory>) or drop one (droppedFiles); for files with labels of your own call imageExamples.',
    );
  }
  const [root] = all[0]?.path ?? [];
  const isInside = all.every(({ path }) => path.length > 1 && path[0] === root);
  return new Map(all.map(({ file, path }) => [(isInside ? path.slice(1) : path).join('/'), file]));
}
