/**
 * Lists the files that were dropped on a page, those in dropped folders and in the folders inside them too. Each file has
 * its path in `webkitRelativePath`, as the files of an `<input type="file" webkitdirectory>` have, for {@link imageFiles}.
 *
 * @param dropped The `dataTransfer` of a `drop` event. Call this in the event's listener, before anything is awaited: the
 * browser empties it after that.
 * @returns The files, in no particular order; empty where no file was dropped.
 *
 * @example
 * ```ts
 * import { droppedFiles, imageFiles } from 'tfjs-transfer/web';
 *
 * const page = globalThis.document?.body;
 * page?.addEventListener('dragover', (event) => event.preventDefault());
 * page?.addEventListener('drop', async (event) => {
 *   event.preventDefault();
 *   const data = await imageFiles(await droppedFiles(event.dataTransfer));
 *   console.log(data.labels);
 * });
 * ```
 */
export async function droppedFiles(dropped: DataTransfer | null): Promise<File[]> {
  const items = Array.from(dropped?.items ?? []).filter(({ kind }) => kind === 'file');
  // All of them before the first await, for the event's data live no longer than its listener's first turn.
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = await Promise.all(entries.map(async (entry) => (entry instanceof File ? [entry] : filesIn(entry))));
  return files.flat();
}

async function filesIn(entry: FileSystemEntry | null): Promise<File[]> {
  if (entry?.isFile) return [await fileOf(entry as FileSystemFileEntry)];
  if (!entry?.isDirectory) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[][] = [];
  for (;;) {
    // Browsers give a hundred at a time, and none at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files.flat();
    files.push(...(await Promise.all(entries.map(filesIn))));
  }
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  // The browser leaves it empty in what is dropped. The path of an entry begins with a slash.
  return Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.slice(1) });
}
