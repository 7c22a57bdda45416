import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';
import { folderAt } from '../model/write-folder.ts';
import { fileIn, homeFolder, ifThere, opfsFolder } from './opfs-folder.ts';

/** Where files of the hub are kept. Paths are relative, with `/`. */
export interface HubCache {
  /** What it is called in messages. */
  readonly name: string;
  /** The bytes of a file; undefined where it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes a file, whole or not at all. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a folder and all that is in it; one that is not there is removed already. */
  remove(path: string): Promise<void>;
}

/**
 * The cache: in Node a folder, in a browser the origin private file system.
 *
 * @param folder The folder, in Node. Default: as the environment says (`HF_HOME`, `XDG_CACHE_HOME`).
 */
export function hubCache(folder?: string): HubCache {
  const cache = nodeBuiltin('node:fs/promises') ? diskCache(folder ?? usersFolder()) : opfsCache();
  return {
    ...cache,
    write: (path, bytes) =>
      cache.write(path, bytes).catch((cause) => {
        throw new TransferError(
          'SAVE_FAILED',
          `What was downloaded could not be kept in ${cache.name}: ${String((cause as Error).message).replace(/\.$/, '')}. Make room, or name another folder: hub(name, { cache }), or HF_HOME in the environment.`,
          { cause },
        );
      }),
  };
}

/** Beside what Hugging Face's own programs keep, whose layout is not read. */
function usersFolder(): string {
  const { join } = nodeBuiltin('node:path') as typeof import('node:path');
  const { homedir } = nodeBuiltin('node:os') as typeof import('node:os');
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return join(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'), 'tfjs-transfer');
}

function diskCache(root: string): HubCache {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises');
  const { basename, dirname, join } = nodeBuiltin('node:path') as typeof import('node:path');
  return {
    name: root,
    read: (path) =>
      fs.readFile(join(root, path)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
        throw error;
      }),
    async write(path, bytes) {
      const folder = await folderAt(join(root, dirname(path)));
      await (await folder.stage({ name: basename(path), bytes }, {})).place();
    },
    remove: (path) => fs.rm(join(root, path), { recursive: true, force: true }),
  };
}

function opfsCache(): HubCache {
  const home = () => homeFolder('tfjs-transfer-hub');
  const parted = (path: string) => {
    const folders = path.split('/');
    return { name: folders.pop() as string, folders };
  };
  const folderIfThere = async (folders: readonly string[]) => {
    let folder: FileSystemDirectoryHandle | undefined = await home();
    for (const one of folders) folder = folder && (await ifThere(folder.getDirectoryHandle(one)));
    return folder;
  };
  return {
    name: 'the origin private file system',
    async read(path) {
      const { name, folders } = parted(path);
      const folder = await folderIfThere(folders);
      const file = folder && (await fileIn(folder, name));
      return file && new Uint8Array(await file.arrayBuffer());
    },
    async write(path, bytes) {
      const { name, folders } = parted(path);
      let folder = await home();
      for (const one of folders) folder = await folder.getDirectoryHandle(one, { create: true });
      await (await opfsFolder(folder).stage({ name, bytes }, {})).place();
    },
    async remove(path) {
      const { name, folders } = parted(path);
      const folder = await folderIfThere(folders);
      if (folder) await ifThere(folder.removeEntry(name, { recursive: true }));
    },
  };
}
