import type { LayerPath } from '../core/handle.ts';
import { type Application, type Graph, upstream, type ValueId } from './graph.ts';

/** A network divided at its frozen frontier. */
export interface Split {
  /** What the suffix needs computed and no trained weight reaches, in order: a pure function of the input. */
  readonly prefix: readonly Application[];
  /** Every application downstream of one whose layer trains, in order. */
  readonly suffix: readonly Application[];
  /** The values that cross the frontier. */
  readonly cut: readonly ValueId[];
}

/**
 * Divides a network by dependency: what a trained layer reaches is the suffix, the rest that it needs is the prefix.
 *
 * @param graph The network.
 * @param trained The paths of the layers that train.
 */
export function split(graph: Graph, trained: ReadonlySet<LayerPath>): Split {
  const reached = new Set<ValueId>();
  const suffix: Application[] = [];
  for (const application of graph.applications) {
    if (!trained.has(application.path) && !application.inputs.some((id) => reached.has(id))) continue;
    suffix.push(application);
    for (const id of application.outputs) reached.add(id);
  }
  const needed = new Set([...suffix.flatMap((application) => application.inputs), ...graph.outputs]);
  const cut = [...needed].filter((id) => !reached.has(id));
  const above = new Set(suffix);
  const below = graph.applications.filter((application) => !above.has(application));
  return { prefix: upstream(below, cut, new Set()).applications, suffix, cut };
}

/** The layers whose outputs cross the frontier. */
export function frontierOf({ prefix, cut }: Split): readonly LayerPath[] {
  const crossing = new Set(cut);
  return prefix.filter(({ outputs }) => outputs.some((id) => crossing.has(id))).map(({ path }) => path);
}
