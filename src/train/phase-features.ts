import type { Examples } from '../core/data.ts';
import type { TrainEvent } from '../core/events.ts';
import type { Phase } from '../core/strategy.ts';
import type { Values } from '../model/execute.ts';
import { networkBehind } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import type { FeatureCache } from './feature-cache.ts';
import { computeFeatures, type FeatureSource } from './features.ts';
import { keepFeatures } from './keep-features.ts';
import { bytesPerExample, narrowCut } from './narrow-cut.ts';
import type { PlannedPhase } from './plan.ts';
import type { SavedFeatures } from './reuse-features.ts';
import type { RunContext, RunState } from './run-state.ts';

type Name = 'train' | 'validation';

/** Under what features are kept: so many views of a split, mixed or not, at a frontier. */
export const cacheKey = (name: Name, views: number, { cut }: Split, mix: Phase['mix']) =>
  `${name}/${views}/${name === 'train' && JSON.stringify(mix)}/${cut}`;

/** The values at the frontier of a batch of a split, owned by the caller; `next` is the batch that comes after it. */
export type PhaseFeatures = (
  name: Name,
  indices: readonly number[],
  epoch: number,
  next?: readonly number[],
) => Promise<Values>;

/** How many views of each example a phase keeps: none where every epoch's are new. */
export const cachedViews = ({ views = 0, mix }: Phase, { augmented }: Pick<Examples, 'augmented'>) =>
  augmented || mix ? views : 1;

/** Which view an epoch sees, from 0. */
export const viewOf = ({ views }: Phase, epoch: number) => (views ? epoch % views : epoch);

/**
 * Prepares the values at the frontier for a phase: computed once and kept where there is a prefix and room for them,
 * computed for each batch else. The foundation, at the lowest frontier of all phases, is computed once for the whole
 * run; a phase whose frontier lies higher goes on from there.
 *
 * @param state The run.
 * @param planned The phase.
 * @param context The run's data and budget.
 * @param pause Called between batches; it throws where the run is aborted.
 * @yields How far it is, and where the budget is exceeded.
 */
export async function* preparePhaseFeatures(
  state: RunState,
  { split, phase, model }: PlannedPhase,
  { data, foundation, cacheBytes, featureStore, signal, workers }: RunContext,
  pause: () => Promise<void>,
): AsyncGenerator<TrainEvent, PhaseFeatures> {
  const network = networkBehind(model);
  const { caches } = state;
  const [lowest, stored] = [foundation, split].map((divided) => narrowCut(network.graph, divided)) as [Split, Split];
  const keyOf = (name: Name, divided: Split) => cacheKey(name, viewsOf(name), divided, phase.mix);
  const names = ['train', 'validation'] as const;
  // What only the phase before needed goes, before room is needed for more.
  await dropCaches(caches, new Set(names.flatMap((name) => [keyOf(name, lowest), keyOf(name, stored)])));
  if (featureStore && !state.saved) {
    state.saved = (await import('./reuse-features.ts')).featuresIn(featureStore, signal);
  }
  const { saved } = state;
  for (const name of names) {
    yield* cacheAt(name, lowest, saved);
    if (keyOf(name, stored) !== keyOf(name, lowest)) yield* cacheAt(name, stored);
  }
  if (saved) yield* saved.save((name) => caches.get(keyOf(name, lowest)));
  return async (name, indices, epoch, next) => {
    const view = viewOf(phase, epoch);
    const cache = caches.get(keyOf(name, stored)) ?? caches.get(keyOf(name, lowest));
    if (cache && String(cache.cut) === String(split.cut)) return cache.read(indices, view % cache.views, next);
    const earlier: FeatureCache | undefined = cache && {
      ...cache,
      read: (batch, cached) => cache.read(batch, cached, next),
    };
    const augmented = data[name]?.augmented && name === 'train';
    return computeFeatures(sourceOf(name, split, earlier), indices, augmented ? view : undefined);
  };

  /** Views that are kept of each example; 0 where every epoch's are new. */
  function viewsOf(name: Name): number {
    return name === 'train' ? cachedViews(phase, data.train) : 1;
  }

  function sourceOf(name: Name, divided: Split, earlier: FeatureCache | undefined): FeatureSource {
    return {
      network,
      folder: state.folder,
      values: state.values,
      split: divided,
      examples: data[name] as Examples,
      inputs: model.inputs,
      ...(earlier && { earlier }),
      ...(signal && { signal }),
      ...(workers && { workers }),
      died: [],
    };
  }

  async function* cacheAt(name: Name, divided: Split, saved?: SavedFeatures): AsyncGenerator<TrainEvent, void> {
    const examples = data[name];
    const views = viewsOf(name);
    const key = keyOf(name, divided);
    if (!examples || divided.prefix.length === 0 || views === 0 || caches.has(key)) return;
    const keeping = {
      split: name,
      views,
      batchSize: phase.batchSize,
      bytes: bytesPerExample(network.graph, divided.cut, examples.length) * examples.size * views,
      used: [...caches.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      budget: cacheBytes,
    };
    const source = sourceOf(name, divided, caches.get(keyOf(name, lowest)));
    let cache = saved && (yield* saved.find(source, keeping));
    cache ||= yield* keepFeatures(source, keeping, pause);
    // What the first batch found out about folding.
    yield* state.findings.refused.splice(0);
    if (cache) caches.set(key, cache);
  }
}

/**
 * Gives back the caches of a run.
 *
 * @param caches The caches.
 * @param wanted The keys of those that stay.
 */
export async function dropCaches(
  caches: Map<string, FeatureCache>,
  wanted: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const [key, cache] of caches) {
    if (wanted.has(key)) continue;
    caches.delete(key);
    await cache.dispose();
  }
}
