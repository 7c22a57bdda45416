import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerInfo, LayerPath, WeightInfo, WeightKey, WeightRole } from '../core/handle.ts';
import type { Graph } from './graph.ts';
import { isFactor, updatedKernels } from './low-rank.ts';
import { asBatchNormalization, innerLayers, type Layer, type Variable, variablesOf } from './tfjs-internals.ts';

/** The variables of a network by key. */
export type Variables = ReadonlyMap<WeightKey, Variable>;

const statistic = /(^|\/)moving_(mean|variance)$/;

/** What each variable of a layer is called and what it is for. */
export function weightsOf(layer: Layer, path: LayerPath): { readonly info: WeightInfo; readonly variable: Variable }[] {
  const taken = new Map<string, number>();
  const normalization = new Set(
    [layer, ...innerLayers(layer)].flatMap((inner) => (asBatchNormalization(inner) ? variablesOf(inner) : [])),
  );
  const fixed = new Set((layer as unknown as { _nonTrainableWeights: Variable[] })._nonTrainableWeights);
  return variablesOf(layer).map((variable) => {
    // A weight of a model that a wrapper keeps inside is named after its own layer, not after the wrapper.
    const own = variable.originalName.startsWith(`${layer.name}/`);
    const name = own ? variable.originalName.slice(layer.name.length + 1) : variable.originalName;
    const count = taken.get(name) ?? 0;
    taken.set(name, count + 1);
    const role: WeightRole =
      fixed.has(variable) || statistic.test(name) ? 'statistic' : normalization.has(variable) ? 'affine' : 'parameter';
    const key = `${path}/${name}${count ? `_${count}` : ''}`;
    return { info: { key, shape: variable.shape, role }, variable };
  });
}

/** The layers of a network, in order, each once. */
export function layersOf(graph: Graph): { readonly layer: Layer; readonly path: LayerPath }[] {
  return [...new Map(graph.applications.map(({ layer, path }) => [layer, { layer, path }])).values()];
}

/** The layers of a network as data. */
export function describeLayers(graph: Graph, part: LayerInfo['part']): LayerInfo[] {
  const shapes = new Map(
    [...graph.applications].reverse().map(({ path, outputs }) => [path, graph.values.get(outputs[0] as number)?.shape]),
  );
  const trains = new Set(graph.applications.filter((one) => !one.inferenceOnly).map(({ path }) => path));
  return layersOf(graph).map(({ layer, path }) => ({
    path,
    className: layer.getClassName(),
    part,
    outputShape: shapes.get(path) ?? [],
    inferenceOnly: !trains.has(path),
    weights: weightsOf(layer, path).map(({ info }) => info),
  }));
}

/** The variables of a network by key. */
export function variablesByKey(graph: Graph): Map<WeightKey, Variable> {
  return new Map(
    layersOf(graph).flatMap(({ layer, path }) =>
      weightsOf(layer, path).map(({ info, variable }) => [info.key, variable] as const),
    ),
  );
}

/**
 * Runs a function while variables hold other tensors, and puts the old ones back whatever happens. The function must
 * be synchronous: nothing else may read the variables in between.
 *
 * @param variables The variables of the network.
 * @param values The tensors to read instead, by key. Kernels with an update are computed here: call it in a tidy.
 * @param run The function.
 */
export function withValues<T>(variables: Variables, values: Readonly<Record<WeightKey, Tensor>>, run: () => T): T {
  const plain = Object.entries(values).filter(([key]) => !isFactor(key));
  const all = [...plain, ...Object.entries(updatedKernels(variables, values))];
  const swapped = all.map(([key, value]) => {
    const variable = variables.get(key) as Variable;
    const old = variable.val;
    variable.val = value;
    return { variable, old };
  });
  try {
    return run();
  } finally {
    for (const { variable, old } of swapped.reverse()) variable.val = old;
  }
}

/** The tensor that a network reads for a key. */
export function tensorOf(variables: Variables, values: Readonly<Record<WeightKey, Tensor>>, key: WeightKey): Tensor {
  return values[key] ?? (variables.get(key) as Variable).val;
}
