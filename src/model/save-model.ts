import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store, StoredFile } from '../core/store.ts';
import { version } from '../core/version.ts';
import { isPath, isStore } from './byte-reader.ts';
import { download } from './device.ts';
import { updatedKernels } from './low-rank.ts';
import { networkBehind } from './network.ts';
import type { SavedModel } from './saved-model.ts';
import { hexOf, sha256 } from './sha256.ts';
import { folderStore } from './store-at.ts';
import { tidy } from './tidy.ts';
import { topologyOf } from './topology.ts';
import { assertTransferModel } from './transfer-model.ts';
import { tensorOf } from './weights.ts';
import { writeFiles } from './write-files.ts';

const activations = {
  classification: 'softmax',
  multiLabel: 'sigmoid',
  regression: 'linear',
  tokenClassification: 'softmax',
} as const;

/**
 * Saves a model as a plain tfjs layers-model: it begins with its preprocessing, takes pixels from 0 to 255 and ends in
 * probabilities, so that `tf.loadLayersModel` reads it too. In a folder, `metadata.json` lies beside it, with the keys
 * of Teachable Machine.
 *
 * @param model The model.
 * @param target In Node, the folder: a path or `file://` URL. Anywhere a store (`tfjs-transfer/stores`), or an IOHandler.
 * @param settings A signal, and who is told of the progress.
 * @returns Where it was saved. The promise resolves when the model is there for good.
 * @throws TransferError `SAVE_FAILED`, saying how many bytes are needed: a model that was there before is still there,
 * whole. `INVALID_ARGUMENT` where nothing can save to the target.
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
  target: string | Store | tf.io.IOHandler,
  settings: TransferSettings = {},
): Promise<{ readonly location: string }> {
  assertTransferModel(model);
  assertSettings('saveModel', settings, knownInTransfer);
  settings.signal?.throwIfAborted();
  const store = writableOf(target);
  if (!store && typeof (target as tf.io.IOHandler | null)?.save !== 'function') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'The target is no path, no URL, no store and no IOHandler with a save method. Pass one of these.',
    );
  }
  const artifacts = await artifactsOf(model);
  const handler = {
    name: 'an IOHandler',
    // tfjs' types know no null here, which is what tfjs itself writes.
    write: async () => void (await (target as tf.io.IOHandler).save?.(artifacts as unknown as tf.io.ModelArtifacts)),
  };
  const { name } = store ?? handler;
  await writeFiles(store ?? handler, store ? filesOf(model, artifacts) : [], settings, target);
  return { location: name };
}

/** What saves to a path, or the store that was passed; undefined where it is neither. */
function writableOf(target: string | Store | tf.io.IOHandler): Store | undefined {
  if (typeof target !== 'string') return isStore(target) ? target : undefined;
  if (isPath(target)) return folderStore(target);
  throw new TransferError(
    'INVALID_ARGUMENT',
    `saveModel: nothing here can save to ${target}. In Node pass a folder; in a browser opfs('name') or indexedDb('name') of tfjs-transfer/stores; anywhere an IOHandler.`,
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
  // tfjs knows no updates of kernels: what it reads has them in the kernels.
  const updated = tidy(() => updatedKernels(variables, model.lease.values));
  try {
    for (const [key, name] of names) {
      const tensor = tensorOf(variables, { ...model.lease.values, ...updated }, key);
      specs.push({ name, shape: tensor.shape, dtype: tensor.dtype as 'float32' });
      parts.push((await download(tensor)) as unknown as ArrayBufferView);
    }
  } finally {
    tf.dispose(updated);
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

/** The files of a model: weights with a name of their own for each content, and what names them. */
function filesOf(model: TransferModel, artifacts: SavedArtifacts): StoredFile[] {
  const { weightData, weightSpecs, userDefinedMetadata, ...head } = artifacts;
  const { tfjsTransfer } = userDefinedMetadata;
  const hash = tfjsTransfer.weightsSha256 ?? hexOf(crypto.getRandomValues(new Uint8Array(8)));
  const file = `weights.${hash.slice(0, 16)}.bin`;
  const json = { ...head, weightsManifest: [{ paths: [file], weights: weightSpecs }], userDefinedMetadata };
  const [height, width] = model.inputs[0]?.shape ?? [];
  const metadata = {
    labels: model.head.labels,
    imageSize: height === width ? height : [height, width],
    modelName: model.origin.name,
    timeStamp: new Date().toISOString(),
    tfjsVersion: tf.version_core,
    packageVersion: version,
    tfjsTransfer,
  };
  const encoder = new TextEncoder();
  return [
    { name: file, bytes: new Uint8Array(weightData) },
    { name: 'model.json', bytes: encoder.encode(JSON.stringify(json)) },
    { name: 'metadata.json', bytes: encoder.encode(`${JSON.stringify(metadata, null, 2)}\n`) },
  ];
}
