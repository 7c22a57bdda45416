import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../core/errors.ts';
import { type ClassFolders, classFolders } from '../data/class-folders.ts';

/**
 * Lists an image folder: its subfolders are the classes. Names are sorted; hidden ones are left out; links are followed.
 *
 * @param folder The path of the folder.
 * @param endings What the names of examples end in. Default: those of pictures.
 * @throws TransferError `NOT_FOUND` where there is none; `INVALID_DATA` where it is no folder.
 */
export async function listClassFolders(folder: string, endings?: readonly string[]): Promise<ClassFolders> {
  const entries = await list(folder).catch((cause: NodeJS.ErrnoException) => {
    const isFile = cause.code === 'ENOTDIR';
    throw new TransferError(
      isFile ? 'INVALID_DATA' : 'NOT_FOUND',
      `imageFolder("${folder}"): ${isFile ? 'this is a file' : `there is no folder to read (${cause.code})`}. ` +
        `Pass a folder with one subfolder of pictures for each class; paths start at ${process.cwd()}.`,
      { cause },
    );
  });
  const classes = entries.filter((name) => name.endsWith('/'));
  const inside = await Promise.all(
    classes.map(async (label) => (await list(join(folder, label))).map((name) => `${label}${name}`)),
  );
  return classFolders([...entries, ...inside.flat()], endings);
}

/** The names that are not hidden; those of folders end with `/`. */
async function list(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  return Promise.all(
    visible.map(async (entry) => {
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(folder, entry.name))));
      return isFolder ? `${entry.name}/` : entry.name;
    }),
  );
}

/** A link that leads nowhere counts as a file: it is skipped, with a reason, when it is opened. */
const leadsToFolder = (path: string) =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
