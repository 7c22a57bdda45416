import { isMissing, type ReadFile } from '../core/store.ts';

/**
 * Reads a file that need not be there.
 *
 * @param read What reads the files of the folder.
 * @param file Its name.
 * @param settings The most bytes, and a signal.
 * @returns The bytes, or undefined where there is no such file. Servers of single-page apps answer with their page then.
 */
export async function optionalFile(
  read: ReadFile,
  file: string,
  settings: Parameters<ReadFile>[1],
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await read(file, settings);
    return bytes[0] === '<'.charCodeAt(0) ? undefined : bytes;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
