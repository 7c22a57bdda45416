import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { nodeBuiltin } from '../core/host.ts';
import { version } from '../core/version.ts';
import { networkBehind } from './network.ts';
import type { SavedModel } from './saved-model.ts';
import { sha256 } from './sha256.ts';
import { topologyOf } from './topology.ts';
import { assertTransferModel } from './transfer-model.ts';
import { tensorOf } from './weights.ts';
import { writeFolder } from './write-folder.ts';

const activations = { classification: 'softmax', multiLabel: 'sigmoid', regression: 'linear' } as const;

/**
 * Saves a model as a plain tfjs layers-model: it begins with its preprocessing, takes pixels from 0 to 255 and ends in
 * probabilities, so that `tf.loadLayersModel` reads it too. In a folder, `metadata.json` lies beside it, with the keys
 * of Teachable Machine.
 *
 * @param model The model.
 * @param destination In Node, the folder: a path or `file://` URL. Else an IOHandler, or a URL that tfjs has a handler
 * for (`indexeddb://`, `localstorage://`, `downloads://`).
 * @returns Where it was saved.
 * @throws TransferError `SAVE_FAILED`: a model that was in the folder before is still there, whole.
 *
 * @example
 * ```ts
 * import { attachHead, pipe, saveModel } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * await saveModel(model, 'file://pets-model');
 * ```
 */
export async function saveModel(
  model: TransferModel,
  destination: string | tf.io.IOHandler,
): Promise<{ readonly location: string }> {
  assertTransferModel(model);
  const artifacts = await artifactsOf(model);
  if (typeof destination !== 'string') {
    if (typeof destination?.save !== 'function') {
      throw new TransferError(
        'INVALID_ARGUMENT',
        'The destination is no path, no URL and no IOHandler with a save method. Pass one of these.',
      );
    }
    return saveWith(destination, artifacts, 'an IOHandler');
  }
  const handler = /^[a-z]+:\/\//.test(destination) && tf.io.getSaveHandlers(destination)[0];
  const isFile = destination.startsWith('file:') || !/^[a-z]+:\/\//.test(destination);
  if (isFile && nodeBuiltin('node:fs/promises')) return { location: await saveFolder(model, artifacts, destination) };
  if (handler) return saveWith(handler, artifacts, destination);
  throw new TransferError(
    'INVALID_ARGUMENT',
    `saveModel: nothing here can save to ${destination}. In Node pass a folder; in a browser 'indexeddb://name', 'downloads://name' or an IOHandler.`,
  );
}

interface SavedArtifacts {
  readonly format: 'layers-model';
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: object;
  readonly weightSpecs: tf.io.WeightsManifestEntry[];
  readonly weightData: ArrayBuffer;
  readonly userDefinedMetadata: { readonly tfjsTransfer: SavedModel };
}

async function artifactsOf(model: TransferModel): Promise<SavedArtifacts> {
  const { graph, variables } = networkBehind(model);
  const { json, names, layers } = topologyOf(graph, model.origin.name, activations[model.head.task]);
  const specs: tf.io.WeightsManifestEntry[] = [];
  const parts: ArrayBufferView[] = [];
  for (const [key, name] of names) {
    const tensor = tensorOf(variables, model.lease.values, key);
    specs.push({ name, shape: tensor.shape, dtype: tensor.dtype as 'float32' });
    parts.push((await tensor.data()) as unknown as ArrayBufferView);
  }
  const weightData = tf.io.concatenateArrayBuffers(
    parts.map((part) => part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength) as ArrayBuffer),
  );
  const hash = await sha256(weightData);
  const saved: SavedModel = {
    format: 1,
    packageVersion: version,
    head: model.head,
    headLayers: model.layers.filter(({ part }) => part === 'head').map(({ path }) => layers.get(path) as string),
    origin: model.origin,
    inputs: model.inputs,
    ...(hash && { weightsSha256: hash }),
  };
  return {
    format: 'layers-model',
    generatedBy: `tfjs-transfer ${version}`,
    convertedBy: null,
    modelTopology: json,
    weightSpecs: specs,
    weightData,
    userDefinedMetadata: { tfjsTransfer: saved },
  };
}

async function saveWith(handler: tf.io.IOHandler, artifacts: SavedArtifacts, location: string) {
  try {
    // tfjs' types know no null here, which is what tfjs itself writes.
    await handler.save?.(artifacts as unknown as tf.io.ModelArtifacts);
  } catch (cause) {
    throw new TransferError(
      'SAVE_FAILED',
      `The model could not be saved to ${location}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    );
  }
  return { location };
}

const weightFile = /^weights\.[0-9a-f]{16}\.bin$/;

async function saveFolder(model: TransferModel, artifacts: SavedArtifacts, destination: string): Promise<string> {
  const { weightData, weightSpecs, format, generatedBy, convertedBy, modelTopology, userDefinedMetadata } = artifacts;
  const { weightsSha256 = '' } = userDefinedMetadata.tfjsTransfer;
  const file = `weights.${weightsSha256.slice(0, 16)}.bin`;
  const json = {
    format,
    generatedBy,
    convertedBy,
    modelTopology,
    weightsManifest: [{ paths: [file], weights: weightSpecs }],
    userDefinedMetadata,
  };
  const [height, width] = model.inputs[0]?.shape ?? [];
  const metadata = {
    labels: model.head.labels,
    imageSize: height === width ? height : [height, width],
    modelName: model.origin.name,
    timeStamp: new Date().toISOString(),
    tfjsVersion: tf.version_core,
    packageVersion: version,
    tfjsTransfer: userDefinedMetadata.tfjsTransfer,
  };
  const files = [
    [file, new Uint8Array(weightData)],
    ['metadata.json', `${JSON.stringify(metadata, null, 2)}\n`],
    ['model.json', JSON.stringify(json)],
  ] as const;
  return writeFolder(destination, files, (name) => weightFile.test(name));
}
