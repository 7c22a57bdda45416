import type { LayerPath, Unit } from '../core/handle.ts';
import type { Application, Graph } from './graph.ts';
import { asBatchNormalization, variablesOf } from './tfjs-internals.ts';
import { layersOf } from './weights.ts';

// `block7a_project_conv` and `conv5_block3_2_conv` show their block by name; `mixed9`, `block_13_expand`, `layer_3` too.
const block = /^(?:.*\/)?(?:conv\d+_)?(?:block|stage|layer|mixed|conv_dw|conv_pw)_?\d+[a-z]?/;

/** Whether a layer belongs to the one before it: BatchNormalization, and what an encoder reads its top block through. */
const follows = ({ layer }: Application) =>
  asBatchNormalization(layer) !== undefined || layer.getClassName() === 'TextPooler';

/**
 * Counts the units of a network, from input to output: a layer with weights, together with the BatchNormalization that
 * follows it through layers of one input and no weights. A BatchNormalization behind a join, or behind nothing, is a
 * unit of its own; Normalization is none. The pooler of an encoder belongs to its top block.
 *
 * @param graph The network, without the head.
 */
export function unitsOf(graph: Graph): Unit[] {
  const producers = new Map(graph.applications.flatMap((from) => from.outputs.map((id) => [id, from] as const)));
  const hasWeights = ({ layer }: Application) => variablesOf(layer).length > 0;
  const owner = (application: Application): LayerPath | undefined => {
    let from = producers.get(application.inputs[0] as number);
    while (from && !hasWeights(from) && from.inputs.length === 1) from = producers.get(from.inputs[0] as number);
    return from && hasWeights(from) && !follows(from) ? from.path : undefined;
  };
  const owners = new Map<LayerPath, LayerPath | undefined>();
  for (const application of graph.applications) {
    if (follows(application) && !owners.has(application.path)) {
      owners.set(application.path, owner(application));
    }
  }
  return layersOf(graph)
    .filter(({ layer, path }) => variablesOf(layer).length > 0 && !owners.get(path))
    .filter(({ layer }) => layer.getClassName() !== 'Normalization')
    .map(({ path }) => ({
      name: path,
      layers: [path, ...[...owners].filter(([, owned]) => owned === path).map(([normalization]) => normalization)],
      group: block.exec(path)?.[0] ?? path,
    }));
}
