import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';
import { pathOf } from './byte-reader.ts';

type Files = typeof import('node:fs/promises');

/**
 * Writes a model's files to a folder so that there is always one whole model in it: each file is written beside its
 * place, synced and renamed; weights have a name of their own for each content, and model.json, which names them, is
 * renamed last.
 *
 * @param location The folder: a path or a `file:` URL. It is made where it is not there.
 * @param files Names and contents, in the order in which they take their places; `model.json` is what readers begin at.
 * @param stale Says of a name in the folder whether it belongs to an older model and can go.
 * @returns The path of the folder.
 * @throws TransferError `SAVE_FAILED`: the model that was there is still there, whole.
 */
export async function writeFolder(
  location: string,
  files: readonly (readonly [name: string, content: string | Uint8Array])[],
  stale: (name: string) => boolean,
): Promise<string> {
  const fs = nodeBuiltin('node:fs/promises') as Files;
  const { join } = nodeBuiltin('node:path') as typeof import('node:path');
  const folder = pathOf(location);
  const temporary = files.map(([name]) => join(folder, `.${name}.${Math.random().toString(36).slice(2)}.tmp`));
  const remove = (paths: readonly string[]) => Promise.allSettled(paths.map((path) => fs.rm(path, { force: true })));
  const before = new Set(await fs.readdir(folder).catch(() => []));
  try {
    await fs.mkdir(folder, { recursive: true });
    for (const [index, [, content]] of files.entries()) await writeSynced(fs, temporary[index] as string, content);
    for (const [index, [name]] of files.entries()) await fs.rename(temporary[index] as string, join(folder, name));
  } catch (cause) {
    const placed = files.map(([name]) => name).filter((name) => stale(name) && !before.has(name));
    await remove([...temporary, ...placed.map((name) => join(folder, name))]);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new TransferError(
      'SAVE_FAILED',
      `The model could not be saved to ${folder}: ${code ?? message}. What was there before is unchanged. ` +
        'Make room, or choose a folder that can be written to.',
      { cause },
    );
  }
  const written = new Set(files.map(([name]) => name));
  await remove([...before].filter((name) => !written.has(name) && stale(name)).map((name) => join(folder, name)));
  return folder;
}

async function writeSynced(fs: Files, path: string, content: string | Uint8Array): Promise<void> {
  const file = await fs.open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
