import type { LayerPath } from '../core/handle.ts';
import {
  type Container,
  isContainer,
  type Layer,
  nodesOf,
  type SymbolicValue,
  type Symbols,
} from './tfjs-internals.ts';

/** The number of a value that flows between applications. */
export type ValueId = number;

/** One use of a layer: a shared layer has several. */
export interface Application {
  readonly layer: Layer;
  readonly path: LayerPath;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  /** Whether it was built with `apply(x, { training: false })`, which tfjs forgets (trap T2). */
  readonly inferenceOnly: boolean;
}

/** What is known of a value before anything runs. */
interface ValueInfo {
  /** Its shape for one example. */
  readonly shape: readonly (number | null)[];
  readonly dtype: 'float32' | 'int32';
}

/** A network as a list of applications in the order in which they can run; nested models are opened. */
export interface Graph {
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly applications: readonly Application[];
  readonly values: ReadonlyMap<ValueId, ValueInfo>;
}

/**
 * Flattens a tfjs model to its applications, from input to output as Keras orders them: by their distance from the
 * output, and by the order of visiting where that is equal.
 *
 * @param model The model, or a Sequential; nested models are opened.
 */
export function graphOf(model: Symbols): Graph {
  const whole = model as unknown as Container;
  const ids = new Map<string, ValueId>();
  const values = new Map<ValueId, ValueInfo>();
  const applications: Application[] = [];
  const register = (scope: string, value: SymbolicValue): ValueId => {
    const id = values.size;
    ids.set(`${scope}|${value.id}`, id);
    values.set(id, { shape: value.shape.slice(1), dtype: value.dtype === 'int32' ? 'int32' : 'float32' });
    return id;
  };
  const lookUp = (scope: string, value: SymbolicValue) => ids.get(`${scope}|${value.id}`) as ValueId;

  const open = (
    container: Container,
    scope: string,
    path: readonly string[],
    inputs: readonly ValueId[],
    inferenceOnly: boolean,
  ): ValueId[] => {
    container.inputs.forEach((value, index) => {
      ids.set(`${scope}|${value.id}`, inputs[index] as ValueId);
    });
    const visit = (value: SymbolicValue): ValueId => {
      const known = ids.get(`${scope}|${value.id}`);
      if (known !== undefined) return known;
      const layer = value.sourceLayer;
      const node = nodesOf(layer)[value.nodeIndex] as ReturnType<typeof nodesOf>[number];
      const nodeInputs = node.inputTensors.map(visit);
      const fixed = inferenceOnly || value.callArgs?.training === false;
      const layerPath = [...path, layer.name];
      if (isContainer(layer)) {
        const outputs = open(layer, `${scope}/${layer.name}#${value.nodeIndex}`, layerPath, nodeInputs, fixed);
        node.outputTensors.forEach((output, index) => {
          ids.set(`${scope}|${output.id}`, outputs[index] as ValueId);
        });
      } else {
        const outputs = node.outputTensors.map((output) => register(scope, output));
        applications.push({ layer, path: layerPath.join('/'), inputs: nodeInputs, outputs, inferenceOnly: fixed });
      }
      return lookUp(scope, value);
    };
    return container.outputs.map(visit);
  };

  const inputs = whole.inputs.map((value) => register('', value));
  const outputs = open(whole, '', [], inputs, false);
  return { inputs, outputs, applications: inOrder(pathsMadeOne(applications)), values };
}

/** A layer that is used under several paths (a shared nested model, say) keeps the first one. */
function pathsMadeOne(applications: readonly Application[]): Application[] {
  const paths = new Map<Layer, LayerPath>();
  for (const { layer, path } of applications) if (!paths.has(layer)) paths.set(layer, path);
  return applications.map((application) => ({ ...application, path: paths.get(application.layer) as LayerPath }));
}

function inOrder(applications: readonly Application[]): Application[] {
  const height = new Map<ValueId, number>();
  const heights = new Map<Application, number>();
  // Visited last to first, every consumer comes before what it consumes.
  for (const application of [...applications].reverse()) {
    const own = Math.max(0, ...application.outputs.map((id) => height.get(id) ?? 0));
    heights.set(application, own);
    for (const id of application.inputs) height.set(id, Math.max(height.get(id) ?? 0, own + 1));
  }
  return [...applications].sort((a, b) => (heights.get(b) ?? 0) - (heights.get(a) ?? 0));
}

/**
 * Puts a network on top of another one.
 *
 * @param below The network whose outputs are read.
 * @param above The network that reads them; its inputs are as many as the outputs of `below`.
 */
export function stack(below: Graph, above: Graph): Graph {
  const offset = Math.max(...below.values.keys()) + 1;
  const inputs = new Map(above.inputs.map((id, index) => [id, below.outputs[index] as ValueId]));
  const renumber = (id: ValueId) => inputs.get(id) ?? id + offset;
  return {
    inputs: below.inputs,
    outputs: above.outputs.map(renumber),
    applications: [
      ...below.applications,
      ...above.applications.map((application) => ({
        ...application,
        inputs: application.inputs.map(renumber),
        outputs: application.outputs.map(renumber),
      })),
    ],
    values: new Map([
      ...below.values,
      ...[...above.values].filter(([id]) => !inputs.has(id)).map(([id, info]) => [id + offset, info] as const),
    ]),
  };
}

/**
 * Keeps the applications that given values need.
 *
 * @param applications The applications in order.
 * @param needed The values that must come out.
 * @param given The values that are there already.
 * @returns The applications, in order, and the values that neither they nor `given` supply (inputs of the network).
 */
export function upstream(
  applications: readonly Application[],
  needed: Iterable<ValueId>,
  given: ReadonlySet<ValueId>,
): { readonly applications: Application[]; readonly missing: ReadonlySet<ValueId> } {
  const missing = new Set([...needed].filter((id) => !given.has(id)));
  const kept: Application[] = [];
  for (const application of [...applications].reverse()) {
    if (!application.outputs.some((id) => missing.has(id))) continue;
    kept.push(application);
    for (const id of application.outputs) missing.delete(id);
    for (const id of application.inputs) if (!given.has(id)) missing.add(id);
  }
  return { applications: kept.reverse(), missing };
}

/** The part of a network that given outputs need. */
export function prune(graph: Graph, outputs: readonly ValueId[]): Graph {
  return { ...graph, outputs, applications: upstream(graph.applications, outputs, new Set()).applications };
}
