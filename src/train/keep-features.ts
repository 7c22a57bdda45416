import type { TrainEvent } from '../core/events.ts';
import { frontierOf } from '../model/split.ts';
import { type TemporaryFiles, temporaryFiles } from '../model/temporary-file.ts';
import { type FeatureCache, type FeatureSpace, inMemory } from './feature-cache.ts';
import { cacheFeatures, type FeatureSource } from './features.ts';

/** What is kept of a split, and how much may be. */
export interface Keeping {
  readonly split: 'train' | 'validation';
  readonly views: number;
  readonly batchSize: number;
  /** What the features take. */
  readonly bytes: number;
  /** What others take of the memory already. */
  readonly used: number;
  /** How much of the memory all may take. */
  readonly budget: number;
}

/**
 * Computes features once and keeps them: in memory as far as the budget goes, past it in temporary files. Where no file
 * can be written, the disk is full before the end, or the budget is 0, nothing is kept.
 *
 * @param source Where from.
 * @param keeping What is kept.
 * @param pause Called between batches; it throws where the run is aborted.
 * @yields How far it is, and what is done where the budget is exceeded.
 * @returns The cache; undefined where the features have to be computed anew in each epoch.
 */
export async function* keepFeatures(
  source: FeatureSource,
  keeping: Keeping,
  pause: () => Promise<void>,
): AsyncGenerator<TrainEvent, FeatureCache | undefined> {
  const { split, bytes, used, budget } = keeping;
  if (used + bytes <= budget) return yield* fill(source, keeping, inMemory, pause);
  const exceeded = (action: 'spilled' | 'recomputed', reason: string): TrainEvent => {
    const frontier = frontierOf(source.split);
    return { kind: 'cacheExceeded', split, frontier, bytes: used + bytes, budget, action, reason };
  };
  if (budget === 0) {
    yield exceeded('recomputed', 'cacheBytes is 0');
    return undefined;
  }
  let files: TemporaryFiles;
  try {
    files = await temporaryFiles();
    const free = await files.free();
    if (free < bytes) {
      yield exceeded('recomputed', `${files.name} has ${free} bytes free, and ${bytes} are needed`);
      return undefined;
    }
    await (await files.create()).remove();
  } catch (error) {
    yield exceeded('recomputed', reasonOf(error));
    return undefined;
  }
  yield exceeded('spilled', `they go to a temporary file in ${files.name}`);
  const space = (await import('./file-rows.ts')).inFiles(files);
  try {
    return yield* fill(source, keeping, space, pause);
  } catch (error) {
    if (!space.isFull(error)) throw error;
    yield exceeded('recomputed', reasonOf(error));
    return undefined;
  }
}

async function* fill(
  source: FeatureSource,
  { split, views, batchSize }: Keeping,
  space: FeatureSpace,
  pause: () => Promise<void>,
): AsyncGenerator<TrainEvent, FeatureCache> {
  const frontier = frontierOf(source.split);
  const filling = cacheFeatures(source, views, batchSize, space);
  try {
    let next = await filling.next();
    for (; !next.done; next = await filling.next()) {
      yield* source.died?.splice(0) ?? [];
      yield { kind: 'features', split, frontier, ...next.value };
      await pause();
    }
    return next.value;
  } finally {
    // Whoever leaves in the middle leaves no file behind.
    await filling.return(undefined as never);
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
