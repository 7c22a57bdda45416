import { TransferError } from '../core/errors.ts';
import type { Store } from '../core/store.ts';
import { isPath, isStore, modelPathOf } from './byte-reader.ts';
import { writeFolder } from './write-folder.ts';

/**
 * The store that a setting names.
 *
 * @param place A store; in Node also a path or `file:` URL of a folder.
 * @param caller The setting, for the message.
 * @throws TransferError `INVALID_ARGUMENT` where it is neither.
 */
export function storeAt(place: string | Store, caller: string): Store {
  if (isStore(place)) return place;
  if (typeof place !== 'string' || !isPath(place)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${caller} is no store and no path. In Node pass a folder; in a browser opfs('name') or indexedDb('name') of tfjs-transfer/stores.`,
    );
  }
  return folderStore(place);
}

/** A folder of the file system as a store. */
export function folderStore(path: string): Store {
  const name = modelPathOf(path);
  return {
    kind: 'store',
    name,
    open: async (settings) => (await import('./readable-folder.ts')).readableFolder(name).open(settings),
    write: (files, settings) => writeFolder(name, files, settings),
  };
}
