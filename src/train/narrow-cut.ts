import * as tf from '@tensorflow/tfjs-core';
import type { Application, Graph, ValueId } from '../model/graph.ts';
import { upstream } from '../model/graph.ts';
import type { Split } from '../model/split.ts';
import { stepOverForward, workOf } from './work.ts';

/** The most that the way may cost, as a part of a training step. */
const cheap = 0.1;

/**
 * The bytes of one example's values at a frontier.
 *
 * @param graph The network.
 * @param cut The frontier.
 * @param open What stands for a length that the network leaves open.
 */
export function bytesPerExample({ values }: Graph, cut: readonly ValueId[], open = 1): number {
  const size = (shape: readonly (number | null)[] = []) => tf.util.sizeFromShape(shape.map((length) => length ?? open));
  return cut.reduce((sum, id) => sum + 4 * size(values.get(id)?.shape), 0);
}

/**
 * Where features are cached: at the frontier, or below it where that is narrower. Then what lies between is computed,
 * frozen, for each batch; the training step begins at the frontier all the same.
 *
 * It pays, and is done, where all of this holds:
 * - from each value of the frontier the way down is a chain, layers of one input and one output, and ends above the
 *   input of the network;
 * - the values there take at most half of the bytes;
 * - the way costs at most a tenth of a training step above the frontier, in multiply-adds.
 *
 * Under the frontier at `block7a_dwconv` of EfficientNet-Lite0 lie 1152 channels (226 kB a picture), and under their
 * expansion, which costs 9 % of a step, 192 (38 kB).
 *
 * @param graph The network.
 * @param split Where it is divided for training.
 * @returns The same division, or one whose frontier lies lower.
 */
export function narrowCut(graph: Graph, split: Split): Split {
  const producers = new Map(split.prefix.flatMap((application) => application.outputs.map((id) => [id, application])));
  const bytesOf = (id: ValueId) => bytesPerExample(graph, [id]);
  let budget = cheap * stepOverForward * workOf(graph, split.suffix);
  const kept = new Set(split.cut);
  const between = new Set<Application>();
  for (const id of [...split.cut].sort((a, b) => bytesOf(b) - bytesOf(a))) {
    const best = { id, bytes: bytesOf(id), work: 0, way: [] as readonly Application[] };
    for (const step of chainBelow(graph, producers, id)) {
      if (step.work > budget) break;
      const bytes = kept.has(step.id) ? 0 : bytesOf(step.id);
      if (bytes < best.bytes) Object.assign(best, step, { bytes });
    }
    kept.delete(id);
    kept.add(best.id);
    budget -= best.work;
    for (const application of best.way) between.add(application);
  }
  const cut = [...kept];
  if (2 * bytesPerExample(graph, cut) > bytesPerExample(graph, split.cut)) return split;
  const way = split.prefix.filter((application) => between.has(application));
  return { prefix: upstream(split.prefix, cut, new Set()).applications, cut, suffix: [...way, ...split.suffix] };
}

interface ChainStep {
  readonly id: ValueId;
  readonly way: readonly Application[];
  /** Multiply-adds from here to the frontier. */
  readonly work: number;
}

function* chainBelow(graph: Graph, producers: ReadonlyMap<ValueId, Application>, from: ValueId): Generator<ChainStep> {
  const way: Application[] = [];
  let application = producers.get(from);
  while (application && application.inputs.length === 1 && application.outputs.length === 1) {
    const id = application.inputs[0] as ValueId;
    way.unshift(application);
    application = producers.get(id);
    // What no application of the prefix makes is the input itself: examples are read, not cached.
    if (application) yield { id, way: [...way], work: workOf(graph, way) };
  }
}
