import { TransferError } from '../core/errors.ts';
import { assertWithin, joined } from '../model/byte-limit.ts';
import { missingFile } from './missing-file.ts';
import { inModelDatabase } from './model-database.ts';
import { piecesOf } from './pieces.ts';
import type { RemovableStore } from './removable-store.ts';

type Key = readonly [model: string, file: string, piece: number];

/**
 * A model in the browser's IndexedDB, in the database `tfjs-transfer`. Saving is one transaction, and the promise
 * resolves after its commit (tfjs' `indexeddb://` resolves before it): a full quota or a closed tab leaves the model that
 * was there.
 *
 * @param name The model's name.
 * @returns The store, for `saveModel`, `loadModel` and `loadBase`; `remove()` deletes the model.
 * @throws TransferError `INVALID_ARGUMENT` where the name is none. What it does throws `UNSUPPORTED` outside browsers.
 *
 * @example
 * ```ts
 * import { attachHead, loadModel, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { indexedDb } from 'tfjs-transfer/stores';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * if ('indexedDB' in globalThis) {
 *   await saveModel(model, indexedDb('pets'));
 *   console.log((await loadModel(indexedDb('pets'))).head.labels); // [ 'cat', 'dog' ]
 * }
 * ```
 */
export function indexedDb(name: string): RemovableStore {
  if (typeof name !== 'string' || name === '') {
    throw new TransferError('INVALID_ARGUMENT', `indexedDb(${JSON.stringify(name)}): pass a name.`);
  }
  const title = `indexedDb('${name}')`;
  // Of keys that are lists, an empty list is greater than every string.
  const all = () => IDBKeyRange.bound([name], [name, []]);
  return {
    kind: 'store',
    name: title,
    async open({ signal }) {
      const keys = (await inModelDatabase(
        'readonly',
        ({ store }) => resultOf(store.getAllKeys(all())),
        signal,
      )) as unknown[] as Key[];
      return async (file, { limit, signal, onBytes }) => {
        const there = [...new Set(keys.map(([, one]) => one))];
        const range = IDBKeyRange.bound([name, file], [name, file, []]);
        const pieces = await inModelDatabase('readonly', ({ store }) => resultOf(store.getAll(range)), signal);
        if (pieces.length === 0) throw missingFile(title, file, there);
        const size = (pieces as Uint8Array[]).reduce((sum, { byteLength }) => sum + byteLength, 0);
        assertWithin(`${title}: ${file}`, size, limit);
        onBytes?.(size, size);
        return joined(pieces as Uint8Array[]);
      };
    },
    write: (files, { signal, onBytes }) =>
      inModelDatabase(
        'readwrite',
        ({ store, after }) => {
          const pieces = files.flatMap((file) =>
            piecesOf(file.bytes).map((piece, index) => ({ file: file.name, piece, index })),
          );
          const loaded = new Map<string, number>();
          const putFrom = (at: number): void => {
            const next = pieces[at];
            if (!next) return;
            const { file, piece, index } = next;
            // A view would be stored with all of the buffer that it looks at.
            after(store.put(piece.slice(), [name, file, index]), () => {
              loaded.set(file, (loaded.get(file) ?? 0) + piece.byteLength);
              onBytes?.(file, loaded.get(file) as number);
              putFrom(at + 1);
            });
          };
          after(store.delete(all()), () => putFrom(0));
          return () => {};
        },
        signal,
      ),
    remove: () => inModelDatabase('readwrite', ({ store }) => resultOf(store.delete(all()))),
  };
}

const resultOf =
  <T>(request: IDBRequest<T>) =>
  () =>
    request.result;
