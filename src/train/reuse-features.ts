import { TransferError } from '../core/errors.ts';
import type { TrainEvent } from '../core/events.ts';
import type { Store } from '../core/store.ts';
import type { FeatureCache } from './feature-cache.ts';
import type { FeatureSource } from './features.ts';
import { featuresKey } from './features-key.ts';
import type { Keeping } from './keep-features.ts';
import { readFeatures, writeFeatures } from './saved-features.ts';

type SavedEvent = Extract<TrainEvent, { readonly kind: 'savedFeatures' }>;

/** What Node reads of one file at most. */
const largestFile = 2 ** 31 - 1;

/** The features that the phases of a run find in a store, and those that they save there. Neither ever breaks a run. */
export interface SavedFeatures {
  /** Looks for features of a phase. */
  find(source: FeatureSource, keeping: Keeping): AsyncGenerator<TrainEvent, FeatureCache | undefined>;
  /** Saves what the phase looked for, where something of it was not there. What earlier phases looked for stays. */
  save(cacheOf: (split: Keeping['split']) => FeatureCache | undefined): AsyncGenerator<TrainEvent, void>;
}

/**
 * Features in a store. They pass through memory as a whole, so that those which do not fit into the budget are not saved.
 *
 * @param store The store.
 * @param signal Stops reading and writing, by throwing its reason.
 */
export function featuresIn(store: Store, signal: AbortSignal | undefined): SavedFeatures {
  const known: { readonly event: SavedEvent; readonly key: string }[] = [];
  let isWhole = true;
  /** What each of the features takes that any phase has looked for. */
  const named = new Map<string, number>();
  let left = 0;
  const reasonOf = (error: unknown) => {
    signal?.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  };
  return {
    async *find(source, { split, views, bytes, used, budget }) {
      const event = { kind: 'savedFeatures', split, action: 'notSaved', bytes } as const;
      let key: string | undefined;
      try {
        key = await featuresKey(source, views);
      } catch (error) {
        yield { ...event, reason: reasonOf(error) };
        return undefined;
      }
      if (key === undefined) {
        yield { ...event, reason: 'the examples have no fingerprint, or there is no WebCrypto (a page without https)' };
        return undefined;
      }
      const room = Math.min(budget - used, largestFile);
      if (bytes > room) {
        yield { ...event, key, reason: `they take ${bytes} bytes, and ${room} may be read into memory (cacheBytes)` };
        return undefined;
      }
      known.push({ event: { ...event, key }, key });
      named.set(key, bytes);
      left = room - bytes;
      try {
        const { split: divided, examples } = source;
        const cache = await readFeatures(store, { key, cut: divided.cut, size: examples.size, views, signal });
        if (cache) yield { ...event, action: 'found', key };
        else isWhole = false;
        return cache;
      } catch (error) {
        isWhole = false;
        // A store that is not for this platform says so again when it is written to.
        if (error instanceof TransferError && error.code === 'UNSUPPORTED') return undefined;
        yield { ...event, action: 'damaged', key, reason: reasonOf(error) };
        return undefined;
      }
    },
    async *save(cacheOf) {
      const there = known.splice(0).flatMap(({ event, key }) => {
        const cache = cacheOf(event.split);
        return cache ? [{ event, key, cache }] : [];
      });
      if (isWhole) return;
      isWhole = true;
      const stay = new Map(named);
      for (const { key } of there) stay.delete(key);
      const moved = [...stay.values()].reduce((sum, bytes) => sum + bytes, 0);
      let failure: { readonly reason: string } | undefined;
      try {
        if (moved > left) {
          throw new Error(
            `those of earlier phases take ${moved} bytes, and ${left} may be read into memory to keep them (cacheBytes)`,
          );
        }
        await writeFeatures(store, there, stay, signal);
      } catch (error) {
        failure = { reason: reasonOf(error) };
      }
      for (const { event } of there) yield { ...event, ...(failure ?? { action: 'saved' }) };
    },
  };
}
