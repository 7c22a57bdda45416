import { TransferError } from '../core/errors.ts';
import type { StoredFile, WriteSettings } from '../core/store.ts';
import type { Folder, StagedFile } from '../model/replace-model.ts';
import { piecesOf } from './pieces.ts';

/** The folder of the origin private file system that holds all models. */
const home = 'tfjs-transfer';

/**
 * The folder that holds the folders of all models, or another beside it.
 *
 * @param name The folder.
 * @throws TransferError `UNSUPPORTED` where there is no origin private file system.
 */
export async function homeFolder(name: string = home): Promise<FileSystemDirectoryHandle> {
  if (!globalThis.navigator?.storage?.getDirectory) {
    throw new TransferError(
      'UNSUPPORTED',
      'Here is no origin private file system: it is in browsers, on pages with https (or of localhost). ' +
        "Use indexedDb('name') there, and a path in Node.",
    );
  }
  return (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
}

/** Undefined in place of what is not there. */
export async function ifThere<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as DOMException).name === 'NotFoundError') return undefined;
    throw error;
  }
}

/**
 * A file of a folder; undefined where it is not there. An empty one is not: a tab that was closed while it saved its
 * first model leaves such files.
 *
 * @param folder The folder.
 * @param name The file.
 */
export async function fileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  const file = await (await ifThere(folder.getFileHandle(name)))?.getFile();
  return file?.size ? file : undefined;
}

/**
 * Runs something while no other tab, worker or call touches a model.
 *
 * @param name The model.
 * @param mode `exclusive` for writing.
 * @param signal Stops the waiting.
 * @param run What to do.
 */
export function locked<T>(
  name: string,
  mode: LockMode,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  return navigator.locks.request(`${home}/${name}`, { mode, ...(signal && { signal }) }, run) as Promise<T>;
}

/**
 * What {@link replaceModel} asks of a folder, done with the origin private file system. Whoever uses it holds the lock.
 *
 * @param folder The folder of the model.
 */
export function opfsFolder(folder: FileSystemDirectoryHandle): Folder {
  const remove = async (name: string) => {
    await ifThere(folder.removeEntry(name));
  };
  return {
    async read(name) {
      const file = await fileIn(folder, name);
      return file && new Uint8Array(await file.arrayBuffer());
    },
    async stage(file, settings) {
      const isNew = !(await fileIn(folder, file.name));
      const handle = await folder.getFileHandle(file.name, { create: true });
      try {
        return await stagedAt(handle, file, settings, isNew ? () => remove(file.name) : async () => {});
      } catch (error) {
        if (isNew) await remove(file.name);
        throw error;
      }
    },
    remove,
    async leftovers() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
  };
}

/** Writes to the swap file of a handle, which `close` puts in its place at once and `abort` throws away. */
async function stagedAt(
  handle: FileSystemFileHandle,
  { name, bytes }: StoredFile,
  { signal, onBytes }: WriteSettings,
  undo: () => Promise<void>,
): Promise<StagedFile> {
  if (!handle.createWritable) {
    throw new TransferError(
      'UNSUPPORTED',
      "This browser cannot write to its origin private file system from here. Use indexedDb('name').",
    );
  }
  const writable = await handle.createWritable();
  try {
    let loaded = 0;
    for (const piece of piecesOf(bytes)) {
      signal?.throwIfAborted();
      await writable.write(piece);
      loaded += piece.byteLength;
      onBytes?.(name, loaded);
    }
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
  return {
    place: () => writable.close(),
    async discard() {
      await writable.abort().catch(() => {});
      await undo();
    },
  };
}
