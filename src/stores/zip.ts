import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';
import type { Store } from '../core/store.ts';
import { folderAt } from '../model/write-folder.ts';
import { packed } from './fflate.ts';
import { missingFile } from './missing-file.ts';
import { unzipEntry } from './unzip-entry.ts';
import { type Archive, readDirectory, type ZipEntry } from './zip-directory.ts';

/**
 * A model in one zip file. Files are unpacked in memory, only those that the model names, and
 * no further than the model says, so that a zip bomb is refused before it costs memory.
 *
 * @param source In Node the path of the zip, to save or load; anywhere its bytes or `Blob` (a chosen `File`), to load.
 * @returns The store, for `saveModel`, `loadModel` and `loadBase`.
 * @throws TransferError `INVALID_ARGUMENT` where the source is none of these.
 *
 * @example
 * ```ts
 * import { attachHead, loadModel, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { zip } from 'tfjs-transfer/stores';
 *
 * await saveModel(pipe(tinyCnn(), attachHead(classifier(['cat', 'dog']))), zip('pets.zip'));
 * const model = await loadModel(zip('pets.zip'));
 * console.log(model.head.labels); // [ 'cat', 'dog' ]
 * ```
 */
export function zip(source: string | Uint8Array | Blob): Store {
  if (typeof source !== 'string' && !(source instanceof Uint8Array) && !(source instanceof Blob)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'zip received no path, no bytes and no Blob. To save in a browser use download(name).',
    );
  }
  const title = `zip(${typeof source === 'string' ? `'${source}'` : source instanceof File ? source.name : 'bytes'})`;
  return {
    kind: 'store',
    name: title,
    async open({ signal }) {
      const archive = typeof source === 'string' ? archiveOf(await readPath(source)) : archiveOf(source);
      const entries = await readDirectory(archive, title);
      const folder = folderOfModel(entries, title);
      const fflate = await import('fflate');
      signal?.throwIfAborted();
      return async (file, settings) => {
        const entry = entries.get(folder + file);
        if (!entry) throw missingFile(title, file, [...entries.keys()]);
        return unzipEntry(archive, entry, `${title}: ${file}`, settings.limit, fflate, (loaded) => {
          settings.signal?.throwIfAborted();
          settings.onBytes?.(loaded, Math.max(loaded, entry.unpacked));
        });
      };
    },
    async write(files, { signal, onBytes }) {
      if (typeof source !== 'string' || !nodeBuiltin('node:path')) {
        throw new TransferError(
          'INVALID_ARGUMENT',
          `${title} can only be read. To save, pass zip(path) in Node, or download(name) in a browser.`,
        );
      }
      const { basename, dirname } = nodeBuiltin('node:path') as typeof import('node:path');
      const bytes = await packed(files);
      const staged = await (await folderAt(dirname(source))).stage({ name: basename(source), bytes }, { signal });
      try {
        for (const file of files) onBytes?.(file.name, file.bytes.byteLength);
        signal?.throwIfAborted();
        await staged.place();
      } catch (error) {
        await staged.discard();
        throw error;
      }
    },
  };
}

async function readPath(path: string): Promise<Uint8Array> {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises') | undefined;
  try {
    if (!fs) throw new TypeError('there are no paths in a browser');
    return await fs.readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new TransferError(
      'NOT_FOUND',
      `zip('${path}') cannot be read (${code ?? message}). Pass the path of a zip, or its bytes: zip(await response.blob()).`,
      { cause },
    );
  }
}

function archiveOf(source: Uint8Array | Blob): Archive {
  if (source instanceof Uint8Array) {
    return { size: source.byteLength, read: async (start, end) => source.subarray(start, end) };
  }
  return {
    size: source.size,
    read: async (start, end) => new Uint8Array(await source.slice(start, end).arrayBuffer()),
  };
}

/** The folder of the one model.json: programs that pack a folder put its name before those of its files. */
function folderOfModel(entries: ReadonlyMap<string, ZipEntry>, title: string): string {
  if (entries.has('model.json')) return '';
  const found = [...entries.keys()].filter((name) => name.endsWith('/model.json') && !name.startsWith('__MACOSX/'));
  if (found.length === 1) return (found[0] as string).slice(0, -'model.json'.length);
  if (found.length === 0) throw missingFile(title, 'model.json', [...entries.keys()]);
  throw new TransferError('INVALID_MODEL', `${title} has several models: ${found.join(', ')}. Pack one of them alone.`);
}
