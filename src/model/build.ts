import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { TransferError } from '../core/errors.ts';
import type { Artifacts } from './artifacts.ts';
import { graphOf } from './graph.ts';
import { type LayersModel, type Variable, variablesOf } from './tfjs-internals.ts';
import { tidy } from './tidy.ts';
import { layersOf } from './weights.ts';

/**
 * Builds a model from what was read, with every weight bit for bit as it is in the file. tfjs builds the layers only: it
 * would move constrained weights while it loads them, and leave tensors behind (trap T20).
 *
 * @param artifacts The model.
 * @param name What it is called in messages.
 * @returns The model, and a function that frees its variables.
 * @throws TransferError `INVALID_MODEL` where topology and weights do not fit each other.
 */
export async function buildModel(
  { topology, specs, data }: Artifacts,
  name: string,
): Promise<{ readonly model: LayersModel; readonly release: () => void }> {
  await knowLayers(topology);
  const registered = () => Object.values(tf.engine().registeredVariables);
  const before = new Set(registered());
  let made: tf.Variable[] = [];
  let weights: tf.NamedTensorMap = {};
  try {
    // Tidied: where one weight cannot be decoded, those before it go.
    weights = tidy(() => tf.io.decodeWeights(data, specs));
    // It makes the variables before it returns its promise: what is new then is of this model alone, whatever else loads.
    const building = makingOnly(specs, () => tfl.models.modelFromJSON({ modelTopology: zeroed(topology) } as never));
    made = registered().filter((variable) => !before.has(variable));
    const model = await building;
    const variables = [...new Set(layersOf(graphOf(model)).flatMap(({ layer }) => variablesOf(layer)))];
    // A file of tfjs may hold the state of an optimizer, which is not of the model.
    const own = specs.filter(({ group }) => group !== 'optimizer');
    assignWeights(variables, Object.fromEntries(own.map(({ name: key }) => [key, weights[key] as tf.Tensor])));
    return { model, release: () => tf.dispose(variables.map(({ val }) => val)) };
  } catch (cause) {
    tf.dispose(made);
    throw new TransferError(
      'INVALID_MODEL',
      `${name} cannot be built: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'Layers of your own must be registered with tf.serialization.registerClass first.',
      { cause },
    );
  } finally {
    tf.dispose(weights);
  }
}

/** Lets tfjs know the layers of encoders, where a topology has some: it asks for their classes by name. */
async function knowLayers(topology: object): Promise<void> {
  const { config } = topology as { readonly config?: { readonly layers?: unknown } };
  const layers = Array.isArray(config?.layers) ? config.layers : [];
  if (!layers.some((layer) => layer?.class_name === 'TextEmbeddings')) return;
  (await import('./encoder/know-encoders.ts')).knowEncoders();
}

/** A topology whose layers start from zeros: weights come from the file, and tfjs cannot build some initializers (T21). */
function zeroed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(zeroed);
  if (typeof value !== 'object' || value === null) return value;
  const zeros = { class_name: 'Zeros', config: {} };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key.endsWith('_initializer') && inner ? zeros : zeroed(inner)]),
  );
}

/**
 * Lets layers make weights of the file's shapes alone, each once: a topology of a few bytes may ask for any amount of
 * memory, and says so in too many ways to look for (units, filters, shapes of inputs, layers without end).
 */
function makingOnly<T>(specs: Artifacts['specs'], make: () => T): T {
  const left = specs.map(({ shape }) => String(shape));
  const layer = tfl.layers.Layer.prototype;
  const { addWeight } = layer as unknown as { addWeight(name: string, shape: tfl.Shape, ...rest: unknown[]): unknown };
  function addKnown(this: tfl.layers.Layer, ...made: Parameters<typeof addWeight>) {
    const [weight, shape] = made;
    const found = left.indexOf(String(shape));
    if (found < 0) throw new Error(`the file has no weight left of the shape [${shape}] for ${this.name}/${weight}`);
    left.splice(found, 1);
    return addWeight.apply(this, made);
  }
  Object.assign(layer, { addWeight: addKnown });
  try {
    return make();
  } finally {
    Object.assign(layer, { addWeight });
  }
}

function assignWeights(variables: readonly Variable[], weights: Readonly<Record<string, tf.Tensor>>): void {
  const waiting = new Map(variables.map((variable) => [variable.originalName, variable]));
  if (waiting.size < variables.length) throw new Error('two of its weights have one name');
  for (const [key, weight] of Object.entries(weights)) {
    // Keras 2.2 and later name the cell: layer/cell/weight.
    const found = waiting.has(key) ? key : key.replace(/[^/]+\/([^/]+)$/, '$1');
    const variable = waiting.get(found);
    if (!variable) throw new Error(`the file has a weight ${key}, which no layer has`);
    (variable.val as tf.Variable).assign(weight);
    waiting.delete(found);
  }
  if (waiting.size > 0) throw new Error(`the file lacks the weights ${[...waiting.keys()].join(', ')}`);
}
