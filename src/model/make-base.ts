import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { TransferError } from '../core/errors.ts';
import type { Base, InputSpecification, LayerInfo, Origin } from '../core/handle.ts';
import { allFrozen, assertSettings } from '../core/settings.ts';
import { findClassifier } from './classifier-cut.ts';
import { type Graph, graphOf, prune, stack, type ValueId } from './graph.ts';
import { leaseOf, networkOf } from './network.ts';
import type { LayersModel } from './tfjs-internals.ts';
import { unitsOf } from './units.ts';
import { describeLayers, variablesByKey } from './weights.ts';

/** Where a network is cut and what it reads. */
export interface BaseSettings {
  /**
   * The layer whose output becomes the base's: a name, or a path through nested models. `false` keeps the network
   * whole. Default: below the classifier, where one is found (softmax over a dense layer, with its dropout and pooling).
   */
  readonly cut?: string | false;
  /** How values of the input are scaled: `x * scale + offset`. Default: as they are. */
  readonly input?: { readonly scale?: number | readonly number[]; readonly offset?: number | readonly number[] };
  /** The name of the base. Default: the model's. */
  readonly name?: string;
}

/**
 * Makes a base of a tfjs model.
 *
 * @param model The model.
 * @param settings The cut and the input.
 * @param origin Where it came from.
 * @param release Called when the last handle of the network is disposed.
 */
export function makeBase(model: LayersModel, settings: BaseSettings, origin: Origin, release: () => void): Base {
  const whole = graphOf(model);
  const output = cutPoint(whole, settings.cut);
  const kept = prune(whole, output === undefined ? whole.outputs : [output]);
  const { input = {} } = settings;
  assertSettings('input of the base', input, { scale: undefined, offset: undefined });
  const { scale = 1, offset = 0 } = input;
  const network = networkOf(isIdentity(scale, offset) ? kept : rescaled(kept, scale, offset), release);
  const layers = describeLayers(network.graph, 'base');
  const source = sourceHead(whole, layers, output);
  return Object.freeze({
    kind: 'base',
    layers,
    units: unitsOf(network.graph),
    settings: allFrozen,
    inputs: network.graph.inputs.map((id): InputSpecification => {
      const info = network.graph.values.get(id);
      return { shape: info?.shape ?? [], dtype: info?.dtype ?? 'float32', scale, offset };
    }),
    outputShape: outputShape(network.graph),
    origin,
    lease: leaseOf(network, {}, source ? Object.values(source.weights) : []),
    ...(source && { sourceHead: source }),
  });
}

/** The shape of a network's one output; empty where it has several. */
export function outputShape(graph: Graph): readonly (number | null)[] {
  return graph.outputs.length === 1 ? (graph.values.get(graph.outputs[0] as ValueId)?.shape ?? []) : [];
}

function cutPoint(graph: Graph, cut: string | false | undefined): ValueId | undefined {
  if (cut === false) return undefined;
  if (cut === undefined) return findClassifier(graph);
  const found = graph.applications.findLast(({ path }) => path === cut);
  if (found) return found.outputs[0];
  const names = graph.applications.map(({ path }) => path);
  throw new TransferError(
    'NOT_FOUND',
    `cut: '${cut}' is no layer of the model. Its last layers are ${names.slice(-5).join(', ')}. ` +
      'Pass one of its layers, or false to keep the model whole.',
  );
}

const isIdentity = (scale: number | readonly number[], offset: number | readonly number[]) =>
  scale === 1 && offset === 0;

/** Puts one Rescaling before each input, so that preprocessing is a layer like the others and is saved with them. */
function rescaled(graph: Graph, scale: number | readonly number[], offset: number | readonly number[]): Graph {
  const taken = new Set(graph.applications.map(({ path }) => path));
  const symbols = graph.inputs.map((id, index) => {
    let name = graph.inputs.length === 1 ? 'rescaling' : `rescaling_${index + 1}`;
    while (taken.has(name)) name = `input_${name}`;
    const input = tfl.input({ shape: [...(graph.values.get(id)?.shape ?? [])] });
    // tfjs types numbers only; its layer multiplies and adds whatever broadcasts, one number a channel included.
    const layer = tfl.layers.rescaling({ name, scale, offset } as unknown as { scale: number; offset: number });
    return { input, output: layer.apply(input) as tfl.SymbolicTensor };
  });
  const below = graphOf({
    inputs: symbols.map(({ input }) => input),
    outputs: symbols.map(({ output }) => output),
  });
  return stack(below, graph);
}

/** Clones of the weights of the layers that were cut off, owned by the base. */
function sourceHead(whole: Graph, kept: readonly LayerInfo[], output: ValueId | undefined): Base['sourceHead'] {
  const paths = new Set(kept.map(({ path }) => path));
  const cut = describeLayers(whole, 'head').filter(({ path }) => !paths.has(path));
  if (cut.length === 0) return undefined;
  const variables = variablesByKey(whole);
  const weights = cut.flatMap(({ weights }) => weights.map(({ key }) => key));
  const pooling = output !== undefined && output === findClassifier(whole) ? poolingAbove(whole, output) : undefined;
  return {
    layers: cut.map(({ path }) => path),
    weights: Object.fromEntries(weights.map((key) => [key, tf.clone(variables.get(key)?.val as tf.Tensor)])),
    ...(pooling && { pooling }),
  };
}

function poolingAbove(whole: Graph, output: ValueId): 'mean' | 'max' | 'none' {
  const name = whole.applications.find(({ inputs }) => inputs.includes(output))?.layer.getClassName() ?? '';
  if (/^GlobalAverage/.test(name)) return 'mean';
  return /^GlobalMax/.test(name) ? 'max' : 'none';
}
