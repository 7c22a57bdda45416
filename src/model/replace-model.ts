import { TransferError } from '../core/errors.ts';
import type { StoredFile, WriteSettings } from '../core/store.ts';

/** A file whose bytes are written, and which is not in its place yet. */
export interface StagedFile {
  place(): Promise<void>;
  discard(): Promise<void>;
}

/** What a folder must be able to do to hold a model. */
export interface Folder {
  /** The bytes of a file; undefined where it is not there. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes a file so that only a rename is left to do: the disk cannot be too full any more. */
  stage(file: StoredFile, settings: WriteSettings): Promise<StagedFile>;
  /** Removes a file; one that is not there is removed already. */
  remove(name: string): Promise<void>;
  /** The files that no save that is under way can be writing. */
  leftovers(): Promise<readonly string[]>;
}

/** The weights that {@link saveModel} writes have a name of their own for each content. */
const weightFile = /^weights\.[0-9a-f]{16}\.bin$/;

/**
 * Writes a model to a folder so that there is always one whole model in it. Everything is staged first; weights go to a
 * name that nothing reads yet; model.json, which names them, is the commit. metadata.json is absent for that moment, so
 * that nobody sees the one of a model beside the other's model.json.
 *
 * @param folder The folder.
 * @param files The model's files.
 * @param settings A signal, and who counts the bytes.
 */
export async function replaceModel(
  folder: Folder,
  files: readonly StoredFile[],
  settings: WriteSettings,
): Promise<void> {
  const metadata = await folder.read('metadata.json');
  const kept = await weightsNamed(folder);
  const waiting = new Map<string, StagedFile>();
  const placed: string[] = [];
  const place = async (name: string) => {
    const file = waiting.get(name);
    waiting.delete(name);
    placed.push(name);
    await file?.place();
  };
  try {
    for (const file of files) {
      // A browser does not remove a file that is being written.
      if (file.name === 'metadata.json') await folder.remove(file.name);
      waiting.set(file.name, await folder.stage(file, settings));
    }
    settings.signal?.throwIfAborted();
    for (const name of waiting.keys()) if (!/^(model|metadata)\.json$/.test(name)) await place(name);
    await place('model.json');
  } catch (error) {
    // A system can fail and have done it all the same.
    const named = await weightsNamed(folder);
    const added = placed.filter((name) => weightFile.test(name) && !kept.has(name) && !named.has(name));
    await Promise.allSettled([...[...waiting.values()].map((file) => file.discard()), ...added.map(folder.remove)]);
    if (metadata && [...named].every((name) => kept.has(name))) await restore(folder, metadata);
    throw error;
  }
  await place('metadata.json').catch((cause) => {
    throw new TransferError('SAVE_FAILED', 'The model was saved whole, but its metadata.json could not be placed.', {
      cause,
    });
  });
  const stale = new Set([...kept, ...(await folder.leftovers().catch(() => []))]);
  const gone = [...stale].filter((name) => weightFile.test(name) && !placed.includes(name));
  await Promise.allSettled(gone.map(folder.remove));
}

/** Our weights that the model.json of a folder names. */
async function weightsNamed(folder: Folder): Promise<ReadonlySet<string>> {
  const bytes = await folder.read('model.json').catch(() => undefined);
  const text = new TextDecoder().decode(bytes);
  return new Set([...text.matchAll(/"(weights\.[0-9a-f]{16}\.bin)"/g)].map(([, name]) => name as string));
}

async function restore(folder: Folder, bytes: Uint8Array): Promise<void> {
  const there = await folder.read('metadata.json').catch(() => bytes);
  if (!there) await (await folder.stage({ name: 'metadata.json', bytes }, {})).place();
}
