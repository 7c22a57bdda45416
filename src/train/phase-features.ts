import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import type { TrainEvent } from '../core/events.ts';
import type { Phase } from '../core/strategy.ts';
import type { Values } from '../model/execute.ts';
import type { Graph, ValueId } from '../model/graph.ts';
import { networkBehind } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import { cacheFeatures, computeFeatures, type FeatureCache, type FeatureSource } from './features.ts';
import type { PlannedPhase } from './plan.ts';
import type { RunContext, RunState } from './run-state.ts';

type Name = 'train' | 'validation';

/** The values at the frontier of a batch of a split; owned by the caller. */
export type PhaseFeatures = (name: Name, indices: readonly number[], epoch: number) => Promise<Values>;

/**
 * The bytes of one example's values at a frontier, as far as shapes are known; lengths that are not count as 1.
 *
 * @param graph The network.
 * @param cut The frontier.
 */
export function bytesPerExample({ values }: Graph, cut: readonly ValueId[]): number {
  const size = (shape: readonly (number | null)[] = []) => tf.util.sizeFromShape(shape.map((length) => length ?? 1));
  return cut.reduce((sum, id) => sum + 4 * size(values.get(id)?.shape), 0);
}

/** How many views of each example a phase keeps: none where every epoch's are new. */
export const cachedViews = ({ views = 0 }: Phase, { augmented }: Examples) => (augmented ? views : 1);

/**
 * Prepares the values at the frontier for a phase: computed once and kept where there is a prefix and the budget allows
 * it, computed for each batch else. The foundation, at the lowest frontier of all phases, is computed once for the whole
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
  { data, foundation, cacheBytes, signal, workers }: RunContext,
  pause: () => Promise<void>,
): AsyncGenerator<TrainEvent, PhaseFeatures> {
  const network = networkBehind(model);
  const keyOf = (name: Name, { cut }: Split) => `${name}/${viewsOf(name)}/${cut}`;
  const kept = new Map<string, FeatureCache>();
  const died: TrainEvent[] = [];
  for (const name of ['train', 'validation'] as const) {
    const below = yield* cacheAt(name, foundation);
    yield* cacheAt(name, split, below);
  }
  // What only the phase before needed goes.
  state.caches.clear();
  for (const [key, cache] of kept) state.caches.set(key, cache);
  const caches = { train: kept.get(keyOf('train', split)), validation: kept.get(keyOf('validation', split)) };
  return async (name, indices, epoch) => {
    const cache = caches[name];
    const view = phase.views ? epoch % phase.views : epoch;
    if (cache) return cache.read(indices, cache.views > 1 ? view : 0);
    const foundationCache = kept.get(keyOf(name, foundation));
    const augmented = data[name]?.augmented && name === 'train';
    return computeFeatures(sourceOf(name, split, foundationCache), indices, augmented ? view : undefined);
  };

  /** Views that are kept of each example; 0 where every epoch's are new. */
  function viewsOf(name: Name): number {
    return name === 'train' ? cachedViews(phase, data.train) : 1;
  }

  function sourceOf(name: Name, divided: Split, earlier: FeatureCache | undefined): FeatureSource {
    return {
      network,
      values: state.values,
      split: divided,
      examples: data[name] as Examples,
      inputs: model.inputs,
      ...(earlier && { earlier }),
      ...(signal && { signal }),
      ...(workers && { workers }),
      onDied: (event) => died.push(event),
    };
  }

  async function* cacheAt(
    name: Name,
    divided: Split,
    earlier?: FeatureCache,
  ): AsyncGenerator<TrainEvent, FeatureCache | undefined> {
    const examples = data[name];
    const views = viewsOf(name);
    if (!examples || divided.prefix.length === 0 || views === 0) return undefined;
    const key = keyOf(name, divided);
    const known = kept.get(key) ?? state.caches.get(key);
    if (known) {
      kept.set(key, known);
      return known;
    }
    const bytes = bytesPerExample(network.graph, divided.cut) * examples.size * views;
    const used = [...kept.values()].reduce((sum, cache) => sum + cache.bytes, 0);
    if (used + bytes > cacheBytes) {
      yield { kind: 'cacheExceeded', split: name, bytes: used + bytes, budget: cacheBytes };
      return undefined;
    }
    const filling = cacheFeatures(sourceOf(name, divided, earlier), views, phase.batchSize);
    let next = await filling.next();
    for (; !next.done; next = await filling.next()) {
      yield* died.splice(0);
      yield { kind: 'features', split: name, ...next.value };
      await pause();
    }
    kept.set(key, next.value);
    state.caches.set(key, next.value);
    return next.value;
  }
}
