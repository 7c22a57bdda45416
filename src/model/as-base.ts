import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel } from '../core/handle.ts';
import { allFrozen, assertSettings } from '../core/settings.ts';
import { type Application, prune } from './graph.ts';
import { kernelOf } from './low-rank.ts';
import { type BaseSettings, makeBase, outputShape } from './make-base.ts';
import { leaseOf, networkBehind, networkOf } from './network.ts';
import type { LayersModel } from './tfjs-internals.ts';
import { isTransferModel } from './transfer-model.ts';

/**
 * Makes a base of any trained network: of a tfjs `LayersModel`, which stays the caller's (disposing the base does not
 * dispose it, and training it moves the base), or of a model of this library, whose weights the base shares until it is
 * disposed. Everything is frozen.
 *
 * @param model The network. Of a `TransferModel`, the head is taken off.
 * @param settings For a `LayersModel`, where to cut and how its input is scaled.
 * @returns The base.
 * @throws TransferError `NOT_FOUND` where `cut` names no layer; `DUPLICATE_TFJS` where the model is of another copy of
 * tfjs-layers; `INVALID_MODEL` where it is no model.
 *
 * @example
 * ```ts
 * import * as tfl from '@tensorflow/tfjs-layers';
 * import { asBase } from 'tfjs-transfer';
 *
 * const model = tfl.sequential({
 *   layers: [
 *     tfl.layers.dense({ units: 8, activation: 'relu', inputShape: [4], name: 'features' }),
 *     tfl.layers.dense({ units: 3, activation: 'softmax', name: 'classes' }),
 *   ],
 * });
 * const base = asBase(model);
 * console.log(base.units.length, base.sourceHead?.layers); // 1 [ 'classes' ]
 * ```
 */
export function asBase(model: LayersModel | TransferModel, settings: BaseSettings = {}): Base {
  assertSettings('asBase', settings, { cut: undefined, input: {}, name: 'base' });
  if (isTransferModel(model)) return withoutHead(model, settings.name);
  assertLayersModel(model);
  return makeBase(model, settings, { name: settings.name ?? model.name }, () => {});
}

/** Refuses what is no LayersModel, and what is one of another copy of tfjs. */
function assertLayersModel(model: unknown): asserts model is LayersModel {
  if (model instanceof tfl.LayersModel) return;
  const looksRight = typeof model === 'object' && model !== null && 'layers' in model && 'predict' in model;
  if (looksRight) {
    throw new TransferError(
      'DUPLICATE_TFJS',
      'The model was made by another copy of @tensorflow/tfjs-layers than the one that tfjs-transfer imports. Two copies ' +
        'share one engine without a word. Install one version (npm ls @tensorflow/tfjs-layers; npm dedupe), and do not mix ' +
        'a <script> build with an import.',
    );
  }
  throw new TransferError(
    'INVALID_MODEL',
    `asBase received ${model === null ? 'null' : typeof model}. Pass a tf.LayersModel (tf.model, tf.sequential, ` +
      'tf.loadLayersModel) or a model of fineTune or loadModel.',
  );
}

function withoutHead(model: TransferModel, name = model.origin.name): Base {
  const below = networkBehind(model);
  const head = new Set(model.layers.filter(({ part }) => part === 'head').map(({ path }) => path));
  const first = below.graph.applications.find(({ path }) => head.has(path)) as Application;
  const graph = prune(below.graph, first.inputs);
  below.hold();
  const network = networkOf(graph, () => below.giveBack());
  const values = Object.entries(model.lease.values).filter(([key]) => network.variables.has(kernelOf(key)));
  return Object.freeze({
    kind: 'base',
    layers: model.layers.filter(({ part }) => part === 'base'),
    units: model.units,
    settings: allFrozen,
    inputs: model.inputs,
    outputShape: outputShape(graph),
    origin: { ...model.origin, name },
    lease: leaseOf(network, Object.fromEntries(values.map(([key, value]) => [key, tf.clone(value)]))),
  });
}
