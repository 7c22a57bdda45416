import { TransferError } from '../core/errors.ts';
import type { Known } from '../core/settings.ts';
import type { ClassFolders, SkippedFile } from './class-folders.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { knownInSplit, type SplitSettings } from './split-examples.ts';

/** Settings of `imageFolder` and `imageFiles`. */
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

/** The settings of what reads an image folder. */
export const knownInFolder: Known<ImageFolderSettings> = {
  ...knownInSplit,
  labels: [],
  onProgress: Function,
  signal: undefined,
};

/** The pictures of an image folder that can be read, and the files that are no examples. */
export interface ClassPictures<Place> {
  readonly labels: readonly string[];
  readonly pictures: readonly { readonly file: Place; readonly target: number; readonly name: string }[];
  readonly skipped: readonly SkippedFile[];
}

/** An image folder, wherever it lies. */
export interface PictureFolder<Place> extends ClassFolders {
  /** What the user called, for messages: `imageFolder("flowers")`. */
  readonly caller: string;
  /** The file of that name. */
  readonly place: (name: string) => Place;
  /** Decodes a file, small, to see that it is whole. */
  readonly check: (file: Place) => Promise<unknown>;
}

/**
 * Opens the pictures of an image folder once each, and gives them their targets.
 *
 * @param folder The folder.
 * @param settings The order of labels, progress, a signal; whether it will be divided.
 * @returns The pictures in the order of their names.
 * @throws TransferError `INVALID_DATA` where they cannot be trained on.
 */
export async function classPictures<Place>(
  folder: PictureFolder<Place>,
  settings: ImageFolderSettings,
): Promise<ClassPictures<Place>> {
  const { caller, classes, files, place, check } = folder;
  const { validation = 0.2, test = 0, labels = classes, signal, onProgress } = settings;
  if (classes.length === 0) {
    throw invalid(
      caller,
      `the folder has no subfolders, ${folder.skipped.length} files. Make one subfolder for each class, named after it, and ` +
        'put its pictures there: rose/1.jpg.',
    );
  }
  const unknown = classes.find((name) => !labels.includes(name));
  if (unknown !== undefined) {
    throw invalid(caller, `the folder "${unknown}" is none of the labels ${labels.join(', ')}. Rename or remove it.`);
  }
  const whyUnreadable = (name: string) => check(place(name)).then(() => undefined, reasonOf);
  let done = 0;
  const reasons = await mapConcurrently(
    files,
    4,
    async ({ name }) => {
      const reason = await whyUnreadable(name);
      onProgress?.({ done: ++done, total: files.length });
      return reason;
    },
    signal,
  );
  for (const [index, { name }] of files.entries()) {
    signal?.throwIfAborted();
    // libvips keeps one message for all threads, so the reason is another file's, or lost, until nothing runs beside it.
    if (reasons[index] !== undefined) reasons[index] = await whyUnreadable(name);
  }
  const pictures = files
    .filter((_, index) => reasons[index] === undefined)
    .map(({ name, label }) => ({ file: place(name), target: labels.indexOf(label), name }));
  const broken = files.flatMap(({ name }, index) => (reasons[index] ? [{ file: name, reason: reasons[index] }] : []));
  const skipped = [...folder.skipped, ...broken].sort((a, b) => (a.file < b.file ? -1 : 1));
  const counts = labels.map((_, label) => pictures.filter(({ target }) => target === label).length);
  assertClasses(caller, labels, counts, skipped, { isNew: !settings.labels, isDivided: validation + test > 0 });
  return { labels, pictures, skipped };
}

const invalid = (caller: string, sentence: string) => new TransferError('INVALID_DATA', `${caller}: ${sentence}`);

function reasonOf(error: unknown): string {
  if (!(error instanceof TransferError) || error.code === 'PACKAGE_MISSING') throw error;
  const { message } = (error.cause ?? error) as Error;
  return `it cannot be read: ${message.trim().split('\n', 1)[0]}`;
}

function assertClasses(
  caller: string,
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
      caller,
      `there is no readable picture in ${labels.map((label) => `${label}/`).join(', ')}. Put pictures there.${note}`,
    );
  }
  if (isNew && labels.length === 1) {
    throw invalid(
      caller,
      `there is one class alone, "${labels[0]}". Add a subfolder with pictures of something else.${note}`,
    );
  }
  for (const [index, label] of labels.entries()) {
    if (isNew && counts[index] === 0) {
      throw invalid(caller, `the class "${label}" has no readable picture. Add pictures, or remove its folder.${note}`);
    }
    if (isDivided && counts[index] === 1) {
      throw invalid(
        caller,
        `the class "${label}" has one picture, which cannot be divided between the splits. Add pictures of it, remove its ` +
          `folder, or pass { validation: 0, test: 0 }.${note}`,
      );
    }
  }
}
