import type { Value, Values } from '../model/execute.ts';
import type { Part } from '../model/feature-part.ts';
import type { ValueId } from '../model/graph.ts';
import type { FeatureSource } from './features.ts';

/** Examples that are computed together. */
export interface Batch {
  readonly indices: readonly number[];
  readonly view: number;
}

/** What becomes of batches. */
export interface BatchWork {
  /** What the part needs of a batch; owned by the caller. */
  read(batch: Batch): Promise<Values>;
  /** Computes a batch in this thread, and disposes what it was given. */
  here(given: Values): Promise<Map<ValueId, Value>>;
}

/**
 * Computes batches in the order given: one after the other in this thread, or in the workers of the source.
 *
 * @param source The network and its workers.
 * @param part What is computed.
 * @param batches The batches. A single one is not worth a worker.
 * @param work How they are read, one after the other, and computed in this thread.
 * @yields Each batch with its values, which are the caller's.
 */
export async function* inOrder(
  source: FeatureSource,
  part: Part,
  batches: readonly Batch[],
  work: BatchWork,
): AsyncGenerator<readonly [Batch, Map<ValueId, Value>]> {
  const { workers } = source;
  if (workers && batches.length > 1) {
    // Who has no workers never loads the code for them.
    const { inWorkers } = await import('./in-workers.ts');
    yield* inWorkers(workers, source, part, batches, work);
  } else {
    for (const batch of batches) yield [batch, await work.here(await work.read(batch))];
  }
}
