import { TransferError } from '../core/errors.ts';
import { isMissing } from '../core/store.ts';
import { readSafetensors, type SafetensorsTensor } from './safetensors.ts';

/** Reads a file of a folder that may have so many bytes; TransferError `NOT_FOUND` where it is not there. */
export type ReadWithin = (file: string, limit: number) => Promise<Uint8Array>;

/** The tensors of a folder by name, and the files that they are views of. */
export interface Shards {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly files: readonly Uint8Array[];
}

/** The most bytes of an index: that of the largest models takes a few hundred kilobytes. */
const longestIndex = 64 * 2 ** 20;

/**
 * Reads the weights of a folder in Hugging Face's layout: `model.safetensors`, or the files that
 * `model.safetensors.index.json` names.
 *
 * @param read What reads a file of the folder.
 * @param name What the folder is called in messages.
 * @param limit The most bytes that the files may have together.
 * @throws TransferError `NOT_FOUND`, `INVALID_MODEL`, `UNSUPPORTED`.
 */
export async function readShards(read: ReadWithin, name: string, limit: number): Promise<Shards> {
  const single = 'model.safetensors';
  try {
    const file = await read(single, limit);
    return { tensors: readSafetensors(file, `${single} of ${name}`).tensors, files: [file] };
  } catch (error) {
    if (!isMissing(error)) throw error;
    const index = await read(`${single}.index.json`, longestIndex).catch((cause) => {
      throw isMissing(cause) ? error : cause;
    });
    return readIndexed(weightMapOf(index, name), read, name, limit);
  }
}

async function readIndexed(
  places: ReadonlyMap<string, string>,
  read: ReadWithin,
  name: string,
  limit: number,
): Promise<Shards> {
  const tensors = new Map<string, SafetensorsTensor>();
  const files: Uint8Array[] = [];
  let left = limit;
  for (const file of new Set(places.values())) {
    const bytes = await read(file, left);
    left -= bytes.byteLength;
    files.push(bytes);
    const shard = readSafetensors(bytes, `${file} of ${name}`).tensors;
    for (const [tensor, from] of places) {
      if (from !== file) continue;
      const found = shard.get(tensor);
      if (!found) throw invalid(name, `says that ${tensor} is in ${file}, and it is not`);
      tensors.set(tensor, found);
    }
  }
  return { tensors, files: files };
}

function weightMapOf(bytes: Uint8Array, name: string): ReadonlyMap<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid(name, 'is no JSON', cause);
  }
  const map = typeof json === 'object' && json !== null && Object.entries(json).find(([key]) => key === 'weight_map');
  const entries = map && typeof map[1] === 'object' && map[1] !== null ? Object.entries(map[1]) : [];
  if (entries.length === 0) throw invalid(name, 'has no weight_map');
  for (const [tensor, file] of entries) {
    // Only names of files beside it: a folder from outside names no other place.
    if (typeof file === 'string' && /^\w[\w.-]*\.safetensors$/.test(file)) continue;
    throw invalid(name, `names ${String(JSON.stringify(file)).slice(0, 80)} as the file of ${tensor}`);
  }
  return new Map(entries as [string, string][]);
}

const invalid = (name: string, reason: string, cause?: unknown) =>
  new TransferError('INVALID_MODEL', `The index of the weights of ${name} ${reason}. Copy the folder again.`, {
    cause,
  });
