import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { isMissing, type ReadFile, type Store, type StoredFile } from '../core/store.ts';
import type { ValueId } from '../model/graph.ts';
import { sha256 } from '../model/sha256.ts';
import { type FeatureCache, type FeatureColumn, featureCache, kindOf } from './feature-cache.ts';
import { bytesOf, memoryRows, type Numbers } from './feature-rows.ts';

// A store is a place for one model, and keeps its files by their names: so the list of features is called model.json, and
// the numbers are called as weights are.
const list = 'model.json';
const format = 'tfjs-transfer-features';

/** The features of one split, as the list names them. */
interface SavedEntry {
  readonly key: string;
  readonly columns: readonly {
    /** The position of the value in the cut. */
    readonly value: number;
    readonly isMask: boolean;
    readonly shape: readonly number[];
    readonly dtype: 'float32' | 'int32' | 'bool';
    readonly file: string;
    readonly sha256: string;
  }[];
}

/** Features that are looked for. */
export interface Wanted {
  readonly key: string;
  readonly cut: readonly ValueId[];
  readonly size: number;
  readonly views: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads features from a store.
 *
 * @param store The store.
 * @param wanted Which ones.
 * @returns The cache; undefined where nothing is saved under the key.
 * @throws What the store throws; an error where the features are damaged.
 */
export async function readFeatures(store: Store, wanted: Wanted): Promise<FeatureCache | undefined> {
  const { key, cut, size, views, signal } = wanted;
  const saved = await savedIn(store, signal);
  const entry = saved?.entries?.find((one) => one.key === key);
  if (!saved || !entry) return undefined;
  const isThere = (position: number) => entry.columns.some(({ value, isMask }) => value === position && !isMask);
  if (!entry.columns.every((column) => isSafe(column, cut)) || ![...cut.keys()].every(isThere)) {
    throw damaged(store, list);
  }
  const { read } = saved;
  const columns: FeatureColumn[] = [];
  for (const { value, isMask, shape, dtype, file, sha256: expected } of entry.columns) {
    const Kind = kindOf(dtype);
    const rowSize = tf.util.sizeFromShape([...shape]);
    const limit = rowSize * size * views * Kind.BYTES_PER_ELEMENT;
    const bytes = await read(file, { limit, signal });
    if (bytes.byteLength !== limit || (await sha256(bytes as Uint8Array<ArrayBuffer>)) !== expected) {
      throw damaged(store, file);
    }
    // Numbers of four bytes begin at a multiple of four; a file read into a larger buffer may not.
    const aligned = bytes.byteOffset % Kind.BYTES_PER_ELEMENT === 0 ? bytes : Uint8Array.from(bytes);
    const all = new Kind(aligned.buffer as ArrayBuffer, aligned.byteOffset, rowSize * size * views);
    columns.push({ id: cut[value] as ValueId, isMask, shape, dtype, rows: memoryRows(all, rowSize) });
  }
  return featureCache(cut, size, views, columns);
}

/** Whether a column can be read: it is one of the cut's, its file lies beside the list, and its shape is one. */
const isSafe = ({ value, shape, dtype, file }: SavedEntry['columns'][number], cut: readonly ValueId[]) =>
  Number.isInteger(value) &&
  value in cut &&
  Array.isArray(shape) &&
  shape.every((length) => Number.isSafeInteger(length) && length >= 0) &&
  ['float32', 'int32', 'bool'].includes(dtype) &&
  /^weights\.[0-9a-f]{16}\.bin$/.test(file);

interface Saved {
  readonly read: ReadFile;
  /** Undefined where something else is saved there. */
  readonly entries: readonly SavedEntry[] | undefined;
}

/** What is saved in a store; undefined where nothing is. */
async function savedIn(store: Store, signal: AbortSignal | undefined): Promise<Saved | undefined> {
  try {
    const read = await store.open({ signal });
    const text = new TextDecoder().decode(await read(list, { limit: 2 ** 26, signal }));
    const saved = JSON.parse(text) as { readonly [_ in 'format' | 'entries' | 'sha256']?: unknown };
    if (saved.format !== format) return { read, entries: undefined };
    if (saved.sha256 !== (await hashOf(saved.entries))) throw damaged(store, list);
    return { read, entries: saved.entries as readonly SavedEntry[] };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const hashOf = (entries: unknown) => sha256(new TextEncoder().encode(JSON.stringify(entries)));

const damaged = (store: Store, file: string) =>
  new TransferError('INVALID_DATA', `${store.name}: ${file} is not what was saved.`);

/**
 * Writes features to a store, in place of those that are there.
 *
 * @param store The store.
 * @param caches The caches, in memory, and their keys.
 * @param stay The keys of those that stay, where they are there, and how many bytes they have.
 * @param signal Stops it; what was there is still there.
 * @throws TransferError `INVALID_ARGUMENT` where a model is there; what the store throws.
 */
export async function writeFeatures(
  store: Store,
  caches: readonly { readonly key: string; readonly cache: FeatureCache }[],
  stay: ReadonlyMap<string, number>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const there = await featuresIn(store, signal);
  const files = new Map<string, StoredFile>();
  const entries = there?.entries.filter(({ key }) => stay.has(key)) ?? [];
  for (const { key, columns } of entries) {
    for (const { file } of columns) {
      const bytes = (await there?.read(file, { limit: stay.get(key) as number, signal })) as Uint8Array;
      files.set(file, { name: file, bytes });
    }
  }
  for (const { key, cache } of caches) {
    const columns: SavedEntry['columns'][number][] = [];
    for (const { id, isMask, shape, dtype, rows } of cache.columns) {
      const bytes = bytesOf(rows.memory as Numbers);
      const hash = (await sha256(bytes)) as string;
      const file = `weights.${hash.slice(0, 16)}.bin`;
      files.set(file, { name: file, bytes });
      const value = cache.cut.indexOf(id);
      columns.push({ value, isMask, shape, dtype: dtype as 'float32', file, sha256: hash });
    }
    entries.push({ key, columns });
  }
  const text = JSON.stringify({ format, entries, sha256: await hashOf(entries) });
  await store.write([{ name: list, bytes: new TextEncoder().encode(text) }, ...files.values()], { signal });
}

/** The features in a store, where no model is. */
async function featuresIn(store: Store, signal: AbortSignal | undefined) {
  // What cannot be read is no model any more.
  const saved = await savedIn(store, signal).catch(() => undefined);
  if (!saved) return undefined;
  const { read, entries } = saved;
  if (entries) return { read, entries };
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${store.name} holds a model, which features would replace. Pass another place as featureStore.`,
  );
}
