import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';
import { kindOf } from '../core/kind-of.ts';
import type { Store } from '../core/store.ts';

/** What a model can be read from: a store, or what is like one for reading. */
export type Readable = Pick<Store, 'name' | 'open'>;

/**
 * The path in the file system that a `file:` URL or a path names. `file://models/a`, as tfjs writes it, is relative.
 *
 * @param location The URL or path.
 */
export function pathOf(location: string): string {
  if (!location.startsWith('file:')) return location;
  const { fileURLToPath } = nodeBuiltin('node:url') as typeof import('node:url');
  return /^file:\/\/(?!\/)/.test(location) ? location.slice('file://'.length) : fileURLToPath(location);
}

/**
 * The path of a model's folder, or of its model.json.
 *
 * @param location The URL or path.
 * @throws TransferError `INVALID_ARGUMENT` where it names a zip.
 */
export function modelPathOf(location: string): string {
  if (!/\.zip$/i.test(location)) return pathOf(location);
  throw new TransferError(
    'INVALID_ARGUMENT',
    `"${location}" names a zip, where a folder was expected. Pass zip('${location}') of tfjs-transfer/stores.`,
  );
}

/** Whether a string names a place in the file system, and there is one. */
export const isPath = (place: string) =>
  (place.startsWith('file:') || !/^[a-z]+:\/\//.test(place)) && Boolean(nodeBuiltin('node:fs/promises'));

/** Whether a value is a store. */
export const isStore = (value: unknown): value is Store => kindOf(value) === 'store';

/**
 * Refuses what files cannot be read from.
 *
 * @param caller Who received it, for the message.
 * @param place What was received.
 */
export function assertPlace(caller: string, place: unknown): asserts place is string | Store {
  if (typeof place === 'string' || isStore(place)) return;
  throw new TransferError('INVALID_ARGUMENT', `${caller} received no path, no URL and no store. Pass one of these.`);
}

/**
 * What a model is called in messages and progress.
 *
 * @param place Where it is.
 */
export const nameOfPlace = (place: unknown): string =>
  typeof place === 'string' ? place : isStore(place) ? place.name : 'The model';
