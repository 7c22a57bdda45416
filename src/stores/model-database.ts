import { TransferError } from '../core/errors.ts';

/** The object store: a piece of a file by `[model, file, number of the piece]`. */
const pieces = 'pieces';

/** What a transaction offers. */
export interface ModelTransaction {
  readonly store: IDBObjectStore;
  /** Goes on when a request has succeeded; an error that is thrown there undoes the transaction. */
  after(request: IDBRequest, next: () => void): void;
}

/**
 * Does something with the database of models, in one transaction.
 *
 * @param mode Whether it writes.
 * @param run Makes its requests at once, or in `after`; what it returns gives the result.
 * @param signal Stops it: nothing of it is kept.
 * @returns The result, when the transaction is committed and, where it wrote, on the disk.
 * @throws TransferError `UNSUPPORTED` outside browsers; else the error of the database.
 */
export async function inModelDatabase<T>(
  mode: IDBTransactionMode,
  run: (transaction: ModelTransaction) => () => T,
  signal?: AbortSignal,
): Promise<T> {
  const database = await openDatabase();
  const transaction = database.transaction(pieces, mode, { durability: 'strict' });
  let failure: unknown;
  const undo = (error: unknown) => {
    failure ??= error;
    try {
      transaction.abort();
    } catch {
      // It is committed, or undone already.
    }
  };
  const abort = () => undo(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    return await new Promise<T>((resolve, reject) => {
      const guarded = <R>(work: () => R): R | undefined => {
        try {
          return work();
        } catch (error) {
          undo(error);
          return undefined;
        }
      };
      transaction.onabort = () => reject(failure ?? transaction.error);
      const result = guarded(() =>
        run({
          store: transaction.objectStore(pieces),
          after(request, next) {
            request.onsuccess = () => guarded(next);
          },
        }),
      );
      // A request can succeed and its transaction still fail: only the commit knows whether the quota was enough.
      transaction.oncomplete = () => resolve((result as () => T)());
      if (signal?.aborted) abort();
    });
  } finally {
    signal?.removeEventListener('abort', abort);
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  if (!globalThis.indexedDB) {
    throw new TransferError(
      'UNSUPPORTED',
      'Here is no IndexedDB: it is in browsers. In Node save to a path, or with zip(path).',
    );
  }
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('tfjs-transfer', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(pieces);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
