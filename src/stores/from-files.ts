import { TransferError } from '../core/errors.ts';
import type { Store } from '../core/store.ts';
import { assertWithin } from '../model/byte-limit.ts';
import { missingFile } from './missing-file.ts';

/**
 * A model in files that a user chose (`<input type="file" multiple>` or `webkitdirectory`, or dropped): its model.json,
 * or the one .json file that is no metadata, and the weights that it names. For reading only.
 *
 * @param files The files, a list or a `FileList`.
 * @returns The store, for `loadModel` and `loadBase`.
 * @throws TransferError `INVALID_ARGUMENT` where there is no model.json among them, or more than one.
 *
 * @example
 * ```ts
 * import { attachHead, loadModel, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { fromFiles } from 'tfjs-transfer/stores';
 * import { readdir, readFile } from 'node:fs/promises';
 *
 * await saveModel(pipe(tinyCnn(), attachHead(classifier(['cat', 'dog']))), 'pets-model');
 *
 * // In a page: const files = input.files
 * const names = await readdir('pets-model');
 * const files = await Promise.all(names.map(async (name) => new File([await readFile(`pets-model/${name}`)], name)));
 * console.log((await loadModel(fromFiles(files))).head.labels); // [ 'cat', 'dog' ]
 * ```
 */
export function fromFiles(files: Iterable<File> | ArrayLike<File>): Store {
  const chosen = Array.from(files);
  const topology = topologyAmong(chosen);
  const title = `fromFiles(${chosen.length} files)`;
  // Files of a folder that was chosen whole have a path; those of the model lie beside its model.json.
  const folderOf = (file: File) => file.webkitRelativePath?.replace(/[^/]*$/, '') ?? '';
  const beside = chosen.filter((file) => folderOf(file) === folderOf(topology));
  return {
    kind: 'store',
    name: title,
    open:
      async () =>
      async (name, { limit, signal, onBytes }) => {
        const file = name === 'model.json' ? topology : beside.find((one) => one.name === name);
        if (!file)
          throw missingFile(
            title,
            name,
            beside.map((one) => one.name),
          );
        assertWithin(`${title}: ${name}`, file.size, limit);
        const bytes = await bytesOf(file, title);
        signal?.throwIfAborted();
        onBytes?.(bytes.byteLength, bytes.byteLength);
        return bytes;
      },
    async write() {
      throw new TransferError(
        'INVALID_ARGUMENT',
        'Files that were chosen can only be read. To save, pass download(name), opfs(name) or indexedDb(name).',
      );
    },
  };
}

async function bytesOf(file: File, title: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    throw new TransferError(
      'NOT_FOUND',
      `${title}: ${file.name} cannot be read any more: it was changed or removed. Choose the files again.`,
      { cause },
    );
  }
}

function topologyAmong(files: readonly File[]): File {
  const named = files.filter(({ name }) => name === 'model.json');
  const others = files.filter(({ name }) => name.endsWith('.json') && name !== 'metadata.json');
  const found = named.length > 0 ? named : others;
  if (found.length === 1) return found[0] as File;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `fromFiles received ${files.map(({ name }) => name).join(', ') || 'no files'}: ` +
      `${found.length === 0 ? 'none is a model.json' : `${found.length} can be the model.json`}. ` +
      'Pass the model.json of one model and the weights that it names.',
  );
}
