/**
 * Places for models besides folders and URLs: the browser's storages, downloads, chosen files, zips, the Hugging Face hub.
 *
 * @module tfjs-transfer/stores
 */
export { download } from './download.ts';
export { fromFiles } from './from-files.ts';
export { type HubSettings, type HubStore, hub } from './hub.ts';
export { indexedDb } from './indexed-db.ts';
export { listIndexedDb } from './list-indexed-db.ts';
export { listOpfs } from './list-opfs.ts';
export { opfs } from './opfs.ts';
export type { RemovableStore } from './removable-store.ts';
export { zip } from './zip.ts';
