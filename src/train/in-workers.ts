import type { TrainEvent } from '../core/events.ts';
import type { FeatureJob, FeatureWorker, FeatureWorkers } from '../core/feature-workers.ts';
import { type UntilFailure, untilFailure } from '../core/until-failure.ts';
import { disposeValues, type Value, type Values } from '../model/execute.ts';
import { featurePart, type Part } from '../model/feature-part.ts';
import type { ValueId } from '../model/graph.ts';
import { receivedValues, sentValues, sharedMemory } from '../model/sent-values.ts';
import type { FeatureSource } from './features.ts';
import type { Batch, BatchWork } from './in-order.ts';

/** How many batches each worker has: one that it computes, and one that is there when it is done. */
const batchesEach = 2;

/**
 * Computes batches in workers, several at a time, in the order given. Each is computed whole, so that its bits do not
 * depend on how many workers there are.
 *
 * @param workers The workers.
 * @param source The network, and who is told of workers that die.
 * @param part What is computed.
 * @param batches The batches.
 * @param work How they are read, one after the other, and computed where no worker is left.
 * @yields Each batch with its values, which are the caller's.
 */
export async function* inWorkers(
  workers: FeatureWorkers,
  source: FeatureSource,
  part: Part,
  batches: readonly Batch[],
  work: BatchWork,
): AsyncGenerator<readonly [Batch, Map<ValueId, Value>]> {
  const stop = stopper(source.signal);
  const beginning = featurePart(source.network, source.values, part).then((data) => workers.begin(data));
  const underWay: (readonly [Batch, Promise<Map<ValueId, Value>>])[] = [];
  try {
    const compute = balance((await stop.wait(beginning)).workers, part, work, source.died);
    const first = async () => {
      const [batch, values] = underWay.shift() as (typeof underWay)[number];
      return [batch, await values] as const;
    };
    for (const batch of batches) {
      const values = compute(await work.read(batch), stop.wait);
      // Whoever awaits it hears of a failure; until then it is no unhandled one.
      values.catch(() => {});
      underWay.push([batch, values]);
      if (underWay.length >= batchesEach * workers.count) yield await first();
    }
    while (underWay.length > 0) yield await first();
  } finally {
    stop.now();
    beginning.then((job: FeatureJob) => job.end()).catch(() => {});
    for (const [, values] of underWay)
      await values.then(
        (made) => disposeValues(made.values()),
        () => {},
      );
  }
}

/** Gives batches to the worker that has the fewest; those of a worker that died to another, or to this thread. */
function balance(
  workers: readonly FeatureWorker[],
  { given: inputs, wanted }: Part,
  { here }: Pick<BatchWork, 'here'>,
  died: TrainEvent[] | undefined,
): (given: Values, wait: UntilFailure['wait']) => Promise<Map<ValueId, Value>> {
  const alive = new Set(workers.map((worker) => ({ worker, load: 0 })));
  return async (given, wait) => {
    // Kept until a worker has answered; where threads share memory, it is the same memory.
    const sent = await sentValues(
      inputs.map((id) => given.get(id) as Value),
      sharedMemory,
    ).finally(() => disposeValues(given.values()));
    for (;;) {
      const [taker] = [...alive].sort((a, b) => a.load - b.load);
      if (!taker) return here(named(inputs, receivedValues(sent)));
      taker.load++;
      const result = await wait(taker.worker.compute(sent)).catch(async (error: Error) => {
        await wait(Promise.resolve());
        // Whether it is gone or could not do it (its memory is full, say): it gets nothing more.
        taker.worker.end();
        if (alive.delete(taker)) died?.push({ kind: 'workerDied', reason: error.message, left: alive.size });
      });
      taker.load--;
      if (result) return named(wanted, receivedValues(result));
    }
  };
}

const named = (ids: readonly ValueId[], values: readonly Value[]) =>
  new Map(ids.map((id, index) => [id, values[index] as Value]));

/** Lets go of what workers still compute, when the run is aborted or has ended. */
function stopper(signal: AbortSignal | undefined): Pick<UntilFailure, 'wait'> & { readonly now: () => void } {
  const { wait, fail } = untilFailure();
  const abort = () => fail(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  return {
    wait,
    now() {
      signal?.removeEventListener('abort', abort);
      fail(new Error('the job has ended'));
    },
  };
}
