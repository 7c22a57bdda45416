import type { WeightKey } from '../core/handle.ts';
import type { Application, Graph, ValueId } from './graph.ts';
import type { Layer } from './tfjs-internals.ts';
import { layersOf, weightsOf } from './weights.ts';

/** A network as the JSON of a flat tfjs (and Keras 2) functional model. */
export interface Topology {
  readonly json: object;
  /** The name of each weight in the file, by key. */
  readonly names: ReadonlyMap<WeightKey, string>;
  /** The name of each layer in the file, by path. */
  readonly layers: ReadonlyMap<string, string>;
}

/**
 * Writes a network as a flat model: nested models are opened, and layers of one name get names of their own, which tfjs
 * itself does not do (it saves such a model and cannot load it).
 *
 * @param graph The network.
 * @param name The name of the model.
 * @param activation What is put behind the output; `linear` for nothing.
 */
export function topologyOf(graph: Graph, name: string, activation: 'softmax' | 'sigmoid' | 'linear'): Topology {
  const inputs = graph.inputs.map((id, index) => ({
    id,
    name: graph.inputs.length === 1 ? 'input' : `input_${index + 1}`,
  }));
  const taken = new Set(inputs.map((input) => input.name));
  const unused = (wish: string) => {
    let free = wish;
    for (let n = 1; taken.has(free); n++) free = `${wish}_${n}`;
    taken.add(free);
    return free;
  };
  const layers = new Map(
    layersOf(graph).map(({ layer, path }) => [
      path,
      unused(taken.has(layer.name) ? path.replaceAll('/', '_') : layer.name),
    ]),
  );
  // Where each value comes from: layer, number of its application, number of the output.
  const origins = new Map<ValueId, readonly [string, number, number]>(
    inputs.map((input) => [input.id, [input.name, 0, 0]]),
  );
  const nodes = new Map<string, unknown[][]>();
  for (const application of graph.applications) {
    const layer = layers.get(application.path) as string;
    const uses = nodes.get(layer) ?? [];
    nodes.set(layer, uses);
    application.outputs.forEach((id, index) => {
      origins.set(id, [layer, uses.length, index]);
    });
    const call = application.inferenceOnly ? { training: false } : {};
    uses.push(application.inputs.map((id) => [...(origins.get(id) as readonly unknown[]), call]));
  }
  const configs: object[] = inputs.map(({ id, name: input }) => {
    const { shape, dtype } = graph.values.get(id) as { shape: readonly (number | null)[]; dtype: string };
    const config = { batch_input_shape: [null, ...shape], dtype, sparse: false, name: input };
    return { name: input, class_name: 'InputLayer', config, inbound_nodes: [] };
  });
  for (const { layer, path } of layersOf(graph)) {
    const own = layers.get(path) as string;
    const config = { ...(pythonic(configOf(layer)) as object), name: own };
    configs.push({ name: own, class_name: layer.getClassName(), config, inbound_nodes: nodes.get(own) });
  }
  let outputs: unknown[] = graph.outputs.map((id) => origins.get(id));
  if (activation !== 'linear') {
    const own = unused('probabilities');
    const config = { activation, name: own, trainable: true };
    configs.push({
      name: own,
      class_name: 'Activation',
      config,
      inbound_nodes: [[[...(outputs[0] as unknown[]), {}]]],
    });
    outputs = [[own, 0, 0]];
  }
  const input_layers = inputs.map((input) => [input.name, 0, 0]);
  const names = layersOf(graph).flatMap(({ layer, path }) =>
    weightsOf(layer, path).map(({ info, variable: { originalName } }) => {
      const own = originalName.startsWith(`${layer.name}/`);
      return [info.key, own ? `${layers.get(path)}/${info.key.slice(path.length + 1)}` : originalName] as const;
    }),
  );
  return {
    json: { class_name: 'Model', config: { name, layers: configs, input_layers, output_layers: outputs } },
    names: new Map(names),
    layers,
  };
}

/** A layer's config without its orthogonal initializers: nothing starts from them, and tfjs-layers alone cannot build
 * them (trap T21). */
function configOf(layer: Layer): unknown {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    if ((value as { className?: unknown }).className === 'Orthogonal') return { className: 'Zeros', config: {} };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  };
  return plain(layer.getConfig());
}

const snakeCase = (text: string) => text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/** Turns a config of tfjs to one of Keras: keys and words in snake case, names and classes as they are. */
function pythonic(value: unknown, key?: string): unknown {
  if (value === undefined) return null;
  if (typeof value === 'string') return key === 'name' || key === 'className' ? value : snakeCase(value);
  if (Array.isArray(value)) return value.map((item) => pythonic(item, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [snakeCase(name), pythonic(inner, name)]));
}

/** The application that a graph ends with. */
export function lastApplication(graph: Graph): Application | undefined {
  return graph.applications.find(({ outputs }) => outputs.includes(graph.outputs[0] as ValueId));
}
