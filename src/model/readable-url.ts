import { TransferError } from '../core/errors.ts';
import type { ReadSettings } from '../core/store.ts';
import { assertWithin, collectBytes } from './byte-limit.ts';
import type { Readable } from './byte-reader.ts';

/**
 * A model on a server: its weights lie beside its model.json, and get the same query.
 *
 * @param source The URL of the model.json, or of the folder that it lies in (one whose name ends in .json ends in /).
 */
export function readableUrl(source: string): Readable {
  return {
    name: source,
    async open() {
      const main = new URL(source, globalThis.location?.href);
      if (!main.pathname.endsWith('.json')) main.pathname = `${main.pathname.replace(/\/$/, '')}/model.json`;
      return (file, settings) => {
        const url = file === 'model.json' ? main : new URL(file, main);
        url.search = main.search;
        return download(url, settings);
      };
    },
  };
}

async function download(url: URL, settings: ReadSettings): Promise<Uint8Array> {
  const { signal } = settings;
  try {
    const response = await fetch(url, signal ? { signal } : {});
    // Servers of apps answer with their page where they lack a file.
    const isPage = response.headers.get('content-type')?.startsWith('text/html');
    if (!response.ok || isPage) {
      await response.body?.cancel();
      throw new TransferError(
        'NOT_FOUND',
        `${url} answered ${response.ok ? 'with a page, not a file' : response.status}. Check the address, and that the whole folder is there; a model's weights lie beside its model.json.`,
      );
    }
    return await bodyOf(response, url, settings);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof TransferError) throw cause;
    throw new TransferError('NOT_FOUND', `${url} cannot be reached. Check the address and the connection.`, { cause });
  }
}

/**
 * The bytes of an answer, counted.
 *
 * @param response The answer.
 * @param url What was asked for.
 * @param settings The most bytes, and who counts.
 */
export async function bodyOf(response: Response, url: URL, { limit, onBytes }: ReadSettings): Promise<Uint8Array> {
  // The length of what travels, which is that of the file unless it travels compressed.
  const total = response.headers.get('content-encoding') ? 0 : Number(response.headers.get('content-length'));
  try {
    assertWithin(String(url), total, limit);
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
  return collectBytes(chunksOf(response), String(url), limit, (loaded) => onBytes?.(loaded, total || undefined));
}

/** The chunks of a body; streams are no async iterables everywhere. */
async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (let next = await reader?.read(); next?.value; next = await reader?.read()) yield next.value;
  } finally {
    await reader?.cancel().catch(() => {});
  }
}
