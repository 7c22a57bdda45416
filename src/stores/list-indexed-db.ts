import { inModelDatabase } from './model-database.ts';

/**
 * The names of the models that were saved with `indexedDb(name)`.
 *
 * @returns The names, sorted.
 * @throws TransferError `UNSUPPORTED` outside browsers.
 *
 * @example
 * ```ts
 * import { indexedDb, listIndexedDb } from 'tfjs-transfer/stores';
 *
 * if ('indexedDB' in globalThis) {
 *   for (const name of await listIndexedDb()) await indexedDb(name).remove();
 * }
 * ```
 */
export async function listIndexedDb(): Promise<readonly string[]> {
  const keys = await inModelDatabase('readonly', ({ store }) => {
    const request = store.getAllKeys();
    return () => request.result as unknown[] as (readonly [model: string, file: string, piece: number])[];
  });
  return [...new Set(keys.map(([name]) => name))].sort();
}
