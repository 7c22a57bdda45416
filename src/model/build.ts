import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { TransferError } from '../core/errors.ts';
import type { Artifacts } from './artifacts.ts';
import { graphOf } from './graph.ts';
import type { Container, LayersModel } from './tfjs-internals.ts';
import { layersOf } from './weights.ts';
import { variablesOf } from './tfjs-internals.ts';

/**
 * Builds a model from what was read, with every weight bit for bit as it is in the file: tfjs moves constrained weights
 * while it loads (trap T20).
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
  const before = new Set(Object.keys(tf.engine().registeredVariables));
  let model: LayersModel;
  try {
    model = await tfl.loadLayersModel(
      tf.io.fromMemory({ modelTopology: topology, weightSpecs: specs, weightData: data }),
    );
  } catch (cause) {
    for (const [variable, value] of Object.entries(tf.engine().registeredVariables)) if (!before.has(variable)) value.dispose();
    throw new TransferError(
      'INVALID_MODEL',
      `${name} cannot be built: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'Layers of your own must be registered with tf.serialization.registerClass first.',
      { cause },
    );
  }
  const variables = [...new Set(layersOf(graphOf(model as unknown as Container)).flatMap(({ layer }) => variablesOf(layer)))];
  if (variables.some(({ constraint }) => constraint)) {
    const exact = tf.io.decodeWeights(data, specs);
    for (const { constraint, originalName, val } of variables) {
      if (constraint && exact[originalName]) (val as tf.Variable).assign(exact[originalName]);
    }
    tf.dispose(exact);
  }
  return { model, release: () => tf.dispose(variables.map(({ val }) => val)) };
}
