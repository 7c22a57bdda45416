import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { allFrozen, assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { readArtifacts } from './artifacts.ts';
import { assertHead } from './assert-head.ts';
import { buildModel } from './build.ts';
import { nameOfPlace } from './byte-reader.ts';
import { graphOf, prune, type ValueId } from './graph.ts';
import { leaseOf, networkOf } from './network.ts';
import { assertReady } from './one-tfjs.ts';
import { isSavedModel } from './saved-model.ts';
import { lastApplication } from './topology.ts';
import { unitsOf } from './units.ts';
import { describeLayers } from './weights.ts';

/**
 * Loads a model that {@link saveModel} saved: it predicts the same, and can be tuned further. The handle owns all of its
 * weights.
 *
 * @param source The folder's path or URL, the URL of its model.json, a store (`tfjs-transfer/stores`), or an IOHandler.
 * @param settings A signal, and who is told of the progress.
 * @returns The model, everything of its base frozen.
 * @throws TransferError `NOT_FOUND`; `INVALID_MODEL` where the files are truncated, changed since they were saved (their
 * hash is in them), or of a plain layers-model (which {@link loadBase} reads).
 *
 * @example
 * ```ts
 * import { attachHead, loadModel, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * await saveModel(pipe(tinyCnn(), attachHead(classifier(['cat', 'dog']))), 'pets-model');
 * const model = await loadModel('pets-model');
 * console.log(model.head.labels); // [ 'cat', 'dog' ]
 * ```
 */
export async function loadModel(
  source: string | Store | tf.io.IOHandler,
  settings: TransferSettings = {},
): Promise<TransferModel> {
  assertSettings('loadModel', settings, knownInTransfer);
  await assertReady();
  const artifacts = await readArtifacts(source, settings);
  const name = nameOfPlace(source);
  const saved = artifacts.metadata.tfjsTransfer;
  if (!isSavedModel(saved)) {
    throw new TransferError(
      'INVALID_MODEL',
      `${name} was not saved by saveModel. Load it as a base instead: loadBase(...).`,
    );
  }
  assertHead(saved.head, name);
  if (saved.weightsSha256 && artifacts.sha256 && saved.weightsSha256 !== artifacts.sha256) {
    throw new TransferError(
      'INVALID_MODEL',
      `${name}: the weights have SHA-256 ${artifacts.sha256}; when they were saved it was ${saved.weightsSha256}. The file was changed or damaged; copy it again.`,
    );
  }
  const { model, release } = await buildModel(artifacts, name);
  try {
    const whole = graphOf(model);
    const last = lastApplication(whole);
    const outputs = saved.head.task === 'regression' ? whole.outputs : (last?.inputs as readonly ValueId[]);
    const graph = prune(whole, outputs);
    const { shape } = graph.values.get(graph.outputs[0] as ValueId) as { shape: readonly (number | null)[] };
    if (saved.inputs.length !== graph.inputs.length || saved.head.labels.length !== shape.at(-1)) {
      throw new TransferError(
        'INVALID_MODEL',
        `${name} describes ${saved.inputs.length} inputs and the outputs ${saved.head.labels.join(', ')}; its network has ${graph.inputs.length} inputs and ${shape.at(-1)} outputs. Copy the folder again.`,
      );
    }
    const network = networkOf(graph, release);
    const headLayers = new Set(saved.headLayers);
    const isHead = (path: string) => headLayers.has(path);
    const base = { ...graph, applications: graph.applications.filter(({ path }) => !isHead(path)) };
    const layers = describeLayers(graph, 'base').map((layer) =>
      isHead(layer.path) ? { ...layer, part: 'head' as const } : layer,
    );
    const heads = layers.filter(({ part }) => part === 'head').flatMap(({ weights }) => weights);
    settings.onProgress?.({ status: 'ready', name });
    return Object.freeze({
      kind: 'transfer',
      head: saved.head,
      layers,
      units: unitsOf(base),
      settings: allFrozen,
      inputs: saved.inputs,
      origin: saved.origin,
      lease: leaseOf(
        network,
        Object.fromEntries(heads.map(({ key }) => [key, tf.clone(network.variables.get(key)?.val as tf.Tensor)])),
      ),
    });
  } catch (error) {
    release();
    throw error;
  }
}
