import { fileIn, homeFolder } from './opfs-folder.ts';

/**
 * The names of the models that were saved with `opfs(name)`.
 *
 * @returns The names, sorted.
 * @throws TransferError `UNSUPPORTED` outside browsers.
 *
 * @example
 * ```ts
 * import { listOpfs, opfs } from 'tfjs-transfer/stores';
 *
 * if (globalThis.navigator?.storage) {
 *   for (const name of await listOpfs()) await opfs(name).remove();
 * }
 * ```
 */
export async function listOpfs(): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const [name, handle] of (await homeFolder()).entries()) {
    if (handle.kind === 'directory' && (await fileIn(handle as FileSystemDirectoryHandle, 'model.json')))
      names.push(name);
  }
  return names.sort();
}
