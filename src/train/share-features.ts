import type { Dataset, Examples } from '../core/data.ts';
import type { TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Strategy } from '../core/strategy.ts';
import { folderOf, noFindings } from '../model/fold.ts';
import { hashWeights } from '../model/hash-weights.ts';
import { networkBehind } from '../model/network.ts';
import { type Split, split } from '../model/split.ts';
import type { FeatureCache } from './feature-cache.ts';
import { assertUnchanged } from './frozen-proof.ts';
import { keepFeatures } from './keep-features.ts';
import { bytesPerExample, narrowCut } from './narrow-cut.ts';
import { cachedViews, cacheKey } from './phase-features.ts';
import { planOf } from './plan.ts';

/** Features by the keys that runs look for. To dispose one of them does nothing. */
export type SharedFeatures = ReadonlyMap<string, FeatureCache>;

/** Features that several runs read. */
export interface Shared {
  readonly features: SharedFeatures;
  /** Refuses the runs where a weight of the model is not what it was; else `FROZEN_CHANGED`. */
  assertUnchanged(): Promise<void>;
  dispose(): Promise<void>;
}

interface Wanted {
  readonly name: 'train' | 'validation';
  readonly views: number;
  readonly divided: Split;
}

/**
 * Computes the features that the runs of several strategies begin with, once for each frontier: the lowest from the
 * examples, each higher one from the one below it.
 *
 * @param model The model that all runs begin with.
 * @param data The data.
 * @param strategies The strategies.
 * @param budget How many bytes may be kept in memory; past that they lie in temporary files.
 * @param signal Its abort rejects with its reason.
 * @param pause Called between batches.
 * @yields How far it is, and where the budget is exceeded.
 * @returns The features; those that are computed anew in each epoch are not among them.
 */
export async function* shareFeatures(
  model: TransferModel,
  data: Dataset,
  strategies: readonly Strategy[],
  {
    budget,
    signal,
    pause,
  }: { readonly budget: number; readonly signal?: AbortSignal; readonly pause: () => Promise<void> },
): AsyncGenerator<TrainEvent, Shared> {
  const network = networkBehind(model);
  const keys = model.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
  const hashes = () => hashWeights(network, model.lease.values, keys);
  const before = await hashes();
  const findings = noFindings();
  const folder = folderOf(network, findings);
  const caches = new Map<string, FeatureCache>();
  const dispose = async () => {
    for (const cache of caches.values()) await cache.dispose();
  };
  let isWhole = false;
  try {
    const below = new Map<string, FeatureCache>();
    for (const [key, { name, views, divided }] of wantedBy(model, data, strategies)) {
      const earlier = below.get(`${name}/${views}`);
      const examples = data[name] as Examples;
      const source = {
        network,
        folder,
        values: model.lease.values,
        split: divided,
        examples,
        inputs: model.inputs,
        ...(earlier && { earlier }),
        ...(signal && { signal }),
      };
      const bytes = bytesPerExample(network.graph, divided.cut, examples.length) * examples.size * views;
      const used = [...caches.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
      const cache = yield* keepFeatures(source, { split: name, views, batchSize: 32, bytes, used, budget }, pause);
      yield* findings.refused.splice(0);
      if (!cache) continue;
      caches.set(key, cache);
      below.set(`${name}/${views}`, cache);
    }
    isWhole = true;
  } finally {
    folder.dispose();
    if (!isWhole) await dispose();
  }
  const nothing = async () => {};
  return {
    features: new Map([...caches].map(([key, cache]) => [key, { ...cache, dispose: nothing }])),
    assertUnchanged: async () => assertUnchanged(before, await hashes()),
    dispose,
  };
}

/**
 * What runs look for before anything has trained: features at the frontier of the whole run, and of the first phase. All
 * others depend on what was trained before.
 */
function wantedBy(model: TransferModel, data: Dataset, strategies: readonly Strategy[]): [string, Wanted][] {
  const { graph } = networkBehind(model);
  const wanted = new Map<string, Wanted>();
  for (const strategy of strategies) {
    const planned = planOf(model, strategy);
    const everTrained = new Set(planned.flatMap(({ trained }) => [...trained.layers]));
    const lowest = narrowCut(graph, split(graph, everTrained));
    for (const [index, { phase, split: own }] of planned.entries()) {
      for (const divided of index === 0 ? [lowest, narrowCut(graph, own)] : [lowest]) {
        for (const name of ['train', 'validation'] as const) {
          const views = name === 'train' ? cachedViews(phase, data.train) : 1;
          // What is mixed is each run's own.
          const isMixed = phase.mix && name === 'train';
          if (!data[name] || views === 0 || isMixed || divided.prefix.length === 0) continue;
          wanted.set(cacheKey(name, views, divided, phase.mix), { name, views, divided });
        }
      }
    }
  }
  return [...wanted].sort(([, a], [, b]) => a.divided.prefix.length - b.divided.prefix.length);
}
