import { TransferError } from '../core/errors.ts';
import { assertWithin } from '../model/byte-limit.ts';
import { replaceModel } from '../model/replace-model.ts';
import { missingFile } from './missing-file.ts';
import { fileIn, homeFolder, ifThere, locked, opfsFolder } from './opfs-folder.ts';
import type { RemovableStore } from './removable-store.ts';

/**
 * A model in the browser's origin private file system, in the folder `tfjs-transfer/<name>`. Saving stages all files
 * before one of them takes its place, so a full quota or a closed tab leaves the model that was there; saves and loads of
 * one name wait for each other, in all tabs.
 *
 * @param name The model's name, without `/`.
 * @returns The store, for `saveModel`, `loadModel` and `loadBase`; `remove()` deletes the model.
 * @throws TransferError `INVALID_ARGUMENT` where the name is none. What it does throws `UNSUPPORTED` outside browsers.
 *
 * @example
 * ```ts
 * import { attachHead, loadModel, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { opfs } from 'tfjs-transfer/stores';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * if (globalThis.navigator?.storage) {
 *   await saveModel(model, opfs('pets'));
 *   console.log((await loadModel(opfs('pets'))).head.labels); // [ 'cat', 'dog' ]
 * }
 * ```
 */
export function opfs(name: string): RemovableStore {
  if (typeof name !== 'string' || name === '' || /[/\\]/.test(name) || /^\.+$/.test(name)) {
    throw new TransferError('INVALID_ARGUMENT', `opfs(${JSON.stringify(name)}): pass a name without / and \\.`);
  }
  const title = `opfs('${name}')`;
  return {
    kind: 'store',
    name: title,
    async open() {
      const home = await homeFolder();
      return (file, { limit, signal, onBytes }) =>
        locked(name, 'shared', signal, async () => {
          const folder = await ifThere(home.getDirectoryHandle(name));
          const blob = folder && (await fileIn(folder, file));
          if (!blob) throw missingFile(title, file, folder ? await opfsFolder(folder).leftovers() : []);
          assertWithin(`${title}: ${file}`, blob.size, limit);
          const bytes = new Uint8Array(await blob.arrayBuffer());
          onBytes?.(bytes.byteLength, bytes.byteLength);
          signal?.throwIfAborted();
          return bytes;
        });
    },
    async write(files, settings) {
      const home = await homeFolder();
      await locked(name, 'exclusive', settings.signal, async () => {
        const isNew = !(await ifThere(home.getDirectoryHandle(name)));
        try {
          await replaceModel(opfsFolder(await home.getDirectoryHandle(name, { create: true })), files, settings);
        } catch (error) {
          if (isNew) await ifThere(home.removeEntry(name, { recursive: true }));
          throw error;
        }
      });
    },
    async remove() {
      const home = await homeFolder();
      await locked(name, 'exclusive', undefined, async () => {
        await ifThere(home.removeEntry(name, { recursive: true }));
      });
    },
  };
}
