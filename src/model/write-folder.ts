import { nodeBuiltin } from '../core/host.ts';
import type { StoredFile, WriteSettings } from '../core/store.ts';
import { type Folder, replaceModel } from './replace-model.ts';

/** How long after its last change a file counts as left behind by a process that died. */
const hour = 3_600_000;

/** The last save of this process to each folder. */
const saves = new Map<string, Promise<unknown>>();

/**
 * Writes a model to a folder of the file system, which is made where it is not there. Saves to one folder take turns.
 *
 * @param path The folder.
 * @param files The model's files.
 * @param settings A signal, and who counts the bytes.
 */
export async function writeFolder(path: string, files: readonly StoredFile[], settings: WriteSettings): Promise<void> {
  const { resolve } = nodeBuiltin('node:path') as typeof import('node:path');
  const folder = resolve(path);
  const before = saves.get(folder);
  const save = (async () => {
    await before?.catch(() => {});
    await replaceModel(await folderAt(folder), files, settings);
    await sync(folder);
  })();
  saves.set(folder, save);
  try {
    await save;
  } finally {
    if (saves.get(folder) === save) saves.delete(folder);
  }
}

/**
 * A folder of the file system, which is made where it is not there.
 *
 * @param folder Its path.
 */
export async function folderAt(folder: string): Promise<Folder> {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises');
  const { join } = nodeBuiltin('node:path') as typeof import('node:path');
  const at = (name: string) => join(folder, name);
  const remove = (name: string) => fs.rm(at(name), { force: true });
  await fs.mkdir(folder, { recursive: true });
  return {
    read: (name) =>
      fs.readFile(at(name)).catch((error) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      }),
    async stage({ name, bytes }, { signal, onBytes }) {
      const temporary = `.${name}.${Math.random().toString(36).slice(2)}.tmp`;
      try {
        const file = await fs.open(at(temporary), 'wx');
        try {
          await file.writeFile(bytes, signal ? { signal } : {});
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (error) {
        await remove(temporary).catch(() => {});
        throw error;
      }
      onBytes?.(name, bytes.byteLength);
      const discard = () => remove(temporary);
      const place = () =>
        fs.rename(at(temporary), at(name)).catch(async (error) => {
          await discard().catch(() => {});
          throw error;
        });
      return { place, discard };
    },
    remove,
    async leftovers() {
      const names = await fs.readdir(folder);
      const stats = await Promise.all(names.map((name) => fs.stat(at(name)).catch(() => undefined)));
      return names.filter((_, index) => Date.now() - (stats[index]?.mtimeMs ?? Date.now()) > hour);
    },
  };
}

/** Brings the renames themselves to the disk, where the system can: Windows cannot. */
async function sync(folder: string): Promise<void> {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises');
  const directory = await fs.open(folder, 'r').catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close();
}
