/**
 * Reads a file of the repository, in Node and in the browser, where vitest serves it.
 *
 * @param path The path from the root, `test/goldens/...`.
 */
export async function readFile(path: string): Promise<Uint8Array> {
  if (globalThis.process?.versions?.node) {
    const { readFile: read } = await import('node:fs/promises');
    return read(new URL(`../../${path}`, import.meta.url));
  }
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
