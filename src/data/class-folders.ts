/** A file of an image folder that is no example, and why. */
export interface SkippedFile {
  /** The path from the image folder, `rose/notes.txt`. */
  readonly file: string;
  readonly reason: string;
}

/** What lies in an image folder, before a picture is opened. */
export interface ClassFolders {
  readonly classes: readonly string[];
  /** The files that are called like examples, `rose/1.png`, with their class. */
  readonly files: readonly { readonly name: string; readonly label: string }[];
  readonly skipped: readonly SkippedFile[];
}

/** What the names of picture files end in. */
export const pictures = ['.jpg', '.jpeg', '.jfif', '.png', '.webp', '.gif', '.avif', '.tif', '.tiff', '.bmp'];

/**
 * Sorts what lies in an image folder: its subfolders are the classes. Hidden names are left out.
 *
 * @param paths The paths from the image folder, divided by `/`; a folder ends with one.
 * @param endings What the names of examples end in. Default: those of pictures.
 */
export function classFolders(paths: readonly string[], endings: readonly string[] = pictures): ClassFolders {
  const members = new Map<string, string[]>();
  const skipped = new Map<string, string>();
  for (const path of paths) {
    const [label = '', name, ...deeper] = path.split('/');
    if (label.startsWith('.') || name?.startsWith('.')) continue;
    if (name === undefined) {
      skipped.set(label, 'it lies beside the folders of the classes');
      continue;
    }
    const names = members.get(label) ?? [];
    members.set(label, names);
    const file = `${label}/${name}`;
    if (deeper.length > 0) skipped.set(`${file}/`, 'it is a folder inside the folder of a class');
    else if (endings.some((ending) => name.toLowerCase().endsWith(ending))) names.push(name);
    else if (name !== '') skipped.set(file, `its name ends in none of ${endings.join(' ')}`);
  }
  const classes = [...members.keys()].sort(byCodeUnits);
  return {
    classes,
    files: classes.flatMap((label) =>
      (members.get(label) ?? []).sort(byCodeUnits).map((name) => ({ name: `${label}/${name}`, label })),
    ),
    skipped: [...skipped].map(([file, reason]) => ({ file, reason })),
  };
}

/** The same order on every machine, whatever its file system and language. */
const byCodeUnits = (a: string, b: string) => (a < b ? -1 : 1);
