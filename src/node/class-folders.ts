import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { TransferError } from '../core/errors.ts';

/** A file of an image folder that is no example, and why. */
export interface SkippedFile {
  /** The path from the image folder, `rose/notes.txt`. */
  readonly file: string;
  readonly reason: string;
}

/** What lies in an image folder, before a picture is opened. */
export interface ClassFolders {
  readonly classes: readonly string[];
  /** The files that are called like pictures, `rose/1.png`, with their class. */
  readonly files: readonly { readonly name: string; readonly label: string }[];
  readonly skipped: readonly SkippedFile[];
}

const endings = ['.jpg', '.jpeg', '.jfif', '.png', '.webp', '.gif', '.avif', '.tif', '.tiff', '.bmp'];

/**
 * Lists an image folder: its subfolders are the classes. Names are sorted; hidden ones are left out; links are followed.
 *
 * @param folder The path of the folder.
 * @throws TransferError `NOT_FOUND` where there is none; `INVALID_DATA` where it is no folder or has no subfolders.
 */
export async function classFolders(folder: string): Promise<ClassFolders> {
  const entries = await list(folder).catch((cause: NodeJS.ErrnoException) => {
    const isFile = cause.code === 'ENOTDIR';
    throw new TransferError(
      isFile ? 'INVALID_DATA' : 'NOT_FOUND',
      `imageFolder("${folder}"): ${isFile ? 'this is a file' : `there is no folder to read (${cause.code})`}. ` +
        `Pass a folder with one subfolder of pictures for each class; paths start at ${process.cwd()}.`,
      { cause },
    );
  });
  const classes = entries.filter(({ isFolder }) => isFolder).map(({ name }) => name);
  const beside = entries.filter(({ isFolder }) => !isFolder).map(({ name }) => name);
  if (classes.length === 0) {
    throw new TransferError(
      'INVALID_DATA',
      `imageFolder("${folder}"): the folder has no subfolders, ${beside.length} files. Make one subfolder for each class, ` +
        `named after it, and put its pictures there: ${join(folder, 'rose', '1.jpg')}.`,
    );
  }
  const files: { name: string; label: string }[] = [];
  const skipped: SkippedFile[] = beside.map((file) => ({ file, reason: 'it lies beside the folders of the classes' }));
  for (const label of classes) {
    for (const { name, isFolder } of await list(join(folder, label))) {
      const file = `${label}/${name}`;
      if (isFolder) skipped.push({ file: `${file}/`, reason: 'it is a folder inside the folder of a class' });
      else if (endings.includes(extname(name).toLowerCase())) files.push({ name: file, label });
      else skipped.push({ file, reason: `its name ends in none of ${endings.join(' ')}` });
    }
  }
  return { classes, files, skipped };
}

async function list(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true });
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  const known = await Promise.all(
    visible.map(async (entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(folder, entry.name)))),
    })),
  );
  // By code units: the same order on every machine, whatever its file system and language.
  return known.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A link that leads nowhere counts as a file: it is skipped, with a reason, when it is opened. */
const leadsToFolder = (path: string) =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
