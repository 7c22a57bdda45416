import * as tf from '@tensorflow/tfjs-core';
import type { TrainEvent } from '../core/events.ts';
import type { Values } from '../model/execute.ts';
import { networkBehind } from '../model/network.ts';
import { cacheFeatures, computeFeatures, type FeatureCache, type FeatureSource } from './features.ts';
import type { PlannedPhase } from './plan.ts';
import type { RunContext, RunState } from './run-state.ts';

type Name = 'train' | 'validation';

/** The values at the frontier of a batch of a split; owned by the caller. */
export type PhaseFeatures = (name: Name, indices: readonly number[], epoch: number) => Promise<Values>;

/**
 * The bytes of one example's values at the frontier, as far as shapes are known; lengths that are not count as 1.
 *
 * @param planned The phase.
 */
export function bytesPerExample({ split, model }: PlannedPhase): number {
  const { values } = networkBehind(model).graph;
  const size = (shape: readonly (number | null)[] = []) => tf.util.sizeFromShape(shape.map((length) => length ?? 1));
  return split.cut.reduce((sum, id) => sum + 4 * size(values.get(id)?.shape), 0);
}

/**
 * Prepares the values at the frontier for a phase: computed once and kept where there is a prefix and the budget allows
 * it, computed for each batch else. The caches stay in the run's state for the next phase to start from.
 *
 * @param state The run.
 * @param planned The phase.
 * @param context The run's data and budget.
 * @param pause Called between batches; it throws where the run is aborted.
 * @yields How far it is, and where the budget is exceeded.
 */
export async function* preparePhaseFeatures(
  state: RunState,
  planned: PlannedPhase,
  { data, cacheBytes, signal }: RunContext,
  pause: () => Promise<void>,
): AsyncGenerator<TrainEvent, PhaseFeatures> {
  const { split, phase, model } = planned;
  const caches: { train?: FeatureCache; validation?: FeatureCache } = {};
  const sourceOf = (name: Name, earlier?: FeatureCache): FeatureSource => ({
    network: networkBehind(model),
    values: state.values,
    split,
    examples: data[name] as typeof data.train,
    inputs: model.inputs,
    ...(earlier && { earlier }),
    ...(signal && { signal }),
  });
  for (const name of ['train', 'validation'] as const) {
    const examples = data[name];
    const views = examples?.augmented && name === 'train' ? (phase.views ?? 0) : 1;
    const earlier = state.caches[name]?.views === views ? state.caches[name] : undefined;
    delete state.caches[name];
    // Without a prefix there is nothing to save; without a number of views, every epoch's are new.
    if (!examples || split.prefix.length === 0 || views === 0) continue;
    if (earlier && String(earlier.cut) === String(split.cut)) {
      caches[name] = earlier;
    } else {
      const bytes = bytesPerExample(planned) * examples.size * views;
      if (bytes > cacheBytes) {
        yield { kind: 'cacheExceeded', split: name, bytes, budget: cacheBytes };
        continue;
      }
      const filling = cacheFeatures(sourceOf(name, earlier), views, phase.batchSize ?? 32);
      let next = await filling.next();
      for (; !next.done; next = await filling.next()) {
        yield { kind: 'features', split: name, ...next.value };
        await pause();
      }
      caches[name] = next.value;
    }
  }
  Object.assign(state.caches, caches);
  return async (name, indices, epoch) => {
    const cache = caches[name];
    const view = phase.views ? epoch % phase.views : epoch;
    if (cache) return cache.read(indices, cache.views > 1 ? view : 0);
    return computeFeatures(sourceOf(name), indices, data[name]?.augmented && name === 'train' ? view : undefined);
  };
}
