import type { Dataset } from '../core/data.ts';
import type { Graph } from '../model/graph.ts';
import { split as divide } from '../model/split.ts';
import { narrowCut } from './narrow-cut.ts';
import { cachedViews } from './phase-features.ts';
import type { PlannedPhase } from './plan.ts';
import { stepOverForward, workOf } from './work.ts';

/** How fast a backend was, as {@link auto} measured it. */
export interface Speed {
  /** Seconds for one example through the frozen layers; 0 where there are none. */
  readonly features: number;
  /** Seconds for one example in a training step. */
  readonly step: number;
  /** Multiply-adds of one example that `features` stands for. */
  readonly featuresWork: number;
  /** Multiply-adds of one example that `step` stands for. */
  readonly stepWork: number;
}

/** What a phase is expected to take, in seconds. Reading and decoding examples comes on top. */
export interface PhaseSeconds {
  /** The frozen layers: of what no phase before has cached. */
  readonly features: number;
  /** The steps, and the validation after each epoch. */
  readonly training: number;
}

/**
 * The multiply-adds of one example where a network is divided.
 *
 * @param graph The network.
 * @param split Where it is divided.
 */
export function workAt(graph: Graph, split: PlannedPhase['split']) {
  const narrow = narrowCut(graph, split);
  const [above, all] = [workOf(graph, split.suffix), workOf(graph, narrow.suffix)];
  // What lies between the cache and the frontier runs forward in each step.
  return { featuresWork: workOf(graph, narrow.prefix), stepWork: stepOverForward * above + (all - above), above: all };
}

/**
 * Predicts seconds from a measurement of the same model, whatever was frozen then: work that moves from one side of the
 * frontier to the other is counted in multiply-adds.
 *
 * @param graph The network.
 * @param planned The phases.
 * @param data The splits.
 * @param speed The measurement.
 * @returns One record for each phase.
 */
export function secondsOf(
  graph: Graph,
  planned: readonly PlannedPhase[],
  data: Dataset,
  speed: Speed,
): readonly PhaseSeconds[] {
  const { features, step, featuresWork, stepWork } = speed;
  const forward = features > 0 ? features / featuresWork : step / stepWork;
  const stepSeconds = (work: number) =>
    work > stepWork ? step + (work - stepWork) * forward : (step * work) / stepWork;
  const lowest = divide(graph, new Set(planned.flatMap(({ trained }) => [...trained.layers])));
  const base = workAt(graph, lowest).featuresWork;
  let kept = new Set<string>();
  return planned.map(({ phase, split }) => {
    const { featuresWork: below, stepWork: work, above } = workAt(graph, split);
    const views = cachedViews(phase, data.train);
    const next = new Set<string>();
    /** Multiply-adds that are not cached yet. */
    const fresh = (name: string) => {
      const [low, high] = [`${name}/${narrowCut(graph, lowest).cut}`, `${name}/${narrowCut(graph, split).cut}`];
      next.add(low).add(high);
      return (kept.has(low) ? 0 : base) + (high === low || kept.has(high) ? 0 : below - base);
    };
    const train = views ? views * fresh(`train/${views}`) : phase.epochs * below;
    const validated = data.validation?.size ?? 0;
    const validation = validated * fresh('validation');
    kept = next;
    return {
      features: forward * (data.train.size * train + validation),
      training: phase.epochs * data.train.size * stepSeconds(work) + (phase.epochs + 1) * validated * forward * above,
    };
  });
}
