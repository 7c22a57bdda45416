import { TransferError } from '../core/errors.ts';
import type { Store } from '../core/store.ts';
import { packed } from './fflate.ts';

/** How long the browser may take to begin: it reads the bytes from memory until then. In ms. */
const patience = 60_000;

/**
 * A download of the browser: the model in one zip, which is written when the whole of it is there.
 * For saving only; `zip(file)` reads the file again. The browser does not say when it has written it, or whether the user
 * refused.
 *
 * @param name The name of the file, without `.zip`.
 * @returns The store, for `saveModel`. Saving throws `UNSUPPORTED` where there is no page.
 *
 * @example
 * ```ts
 * import { attachHead, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { download } from 'tfjs-transfer/stores';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * if ('document' in globalThis) await saveModel(model, download('pets')); // pets.zip
 * ```
 */
export function download(name: string): Store {
  const title = `download('${name}')`;
  return {
    kind: 'store',
    name: title,
    async open() {
      throw new TransferError(
        'INVALID_ARGUMENT',
        `${title} can only be saved to. To load, let the user choose the file and pass zip(file).`,
      );
    },
    async write(files, { signal, onBytes }) {
      if (!globalThis.document) {
        throw new TransferError(
          'UNSUPPORTED',
          `${title} needs a page. In a worker pass opfs(name); in Node zip(path).`,
        );
      }
      const address = URL.createObjectURL(new Blob([await packed(files)], { type: 'application/zip' }));
      setTimeout(() => URL.revokeObjectURL(address), patience);
      for (const file of files) onBytes?.(file.name, file.bytes.byteLength);
      signal?.throwIfAborted();
      const link = document.createElement('a');
      link.href = address;
      link.download = `${name}.zip`;
      link.click();
    },
  };
}
