import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';

/** Reads a model.json and the files beside it. */
export interface ByteReader {
  main(): Promise<Uint8Array>;
  sibling(name: string): Promise<Uint8Array>;
}

/**
 * Chooses how to read a model: over HTTP, or from the file system in Node.
 *
 * @param source The URL or path of a model.json, or of the folder that it lies in.
 * @param signal Stops the reading.
 */
export function readerOf(source: string, signal?: AbortSignal): ByteReader {
  const url = /\.json(\?.*)?$/.test(source) ? source : `${source.replace(/\/$/, '')}/model.json`;
  if (/^https?:/.test(source) || !nodeBuiltin('node:fs/promises')) {
    const absolute = new URL(url, globalThis.location?.href);
    return { main: () => download(absolute, signal), sibling: (name) => download(new URL(name, absolute), signal) };
  }
  const path = pathOf(url);
  const { dirname, join } = nodeBuiltin('node:path') as typeof import('node:path');
  return { main: () => readFile(path, signal), sibling: (name) => readFile(join(dirname(path), name), signal) };
}

/**
 * The path in the file system that a `file:` URL or a path names. `file://models/a`, as tfjs writes it, is relative.
 *
 * @param location The URL or path.
 */
export function pathOf(location: string): string {
  if (!location.startsWith('file:')) return location;
  const { fileURLToPath } = nodeBuiltin('node:url') as typeof import('node:url');
  return location.startsWith('file:///') ? fileURLToPath(location) : location.slice('file://'.length);
}

async function readFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted();
  try {
    return await (nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises')).readFile(path);
  } catch (cause) {
    throw new TransferError(
      'NOT_FOUND',
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code}). Pass the path of a model.json or of its folder.`,
      { cause },
    );
  }
}

async function download(url: URL, signal?: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  let body: ArrayBuffer;
  try {
    response = await fetch(url, signal ? { signal } : {});
    body = await response.arrayBuffer();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new TransferError('NOT_FOUND', `${url} cannot be reached. Check the address and the connection.`, { cause });
  }
  if (!response.ok) {
    throw new TransferError(
      'NOT_FOUND',
      `${url} answered ${response.status}. Check the address; a model's weights lie beside its model.json.`,
    );
  }
  return new Uint8Array(body);
}
