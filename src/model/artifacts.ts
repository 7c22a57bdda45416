import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferSettings } from '../core/progress.ts';
import { isMissing, type Store } from '../core/store.ts';
import { joined } from './byte-limit.ts';
import { isPath, isStore, nameOfPlace, type Readable } from './byte-reader.ts';
import { readableUrl } from './readable-url.ts';
import { reporting } from './report-reading.ts';
import { sha256 } from './sha256.ts';

/** A layers-model as it was read, checked: weights are as many bytes as their list says. */
export interface Artifacts {
  readonly topology: object;
  readonly specs: tf.io.WeightsManifestEntry[];
  readonly data: ArrayBuffer;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** SHA-256 of the weights; undefined where the platform has no WebCrypto. */
  readonly sha256: string | undefined;
}

/** The most bytes of a model.json: the topology of the largest models takes a few. */
const longestTopology = 64 * 2 ** 20;

/**
 * Reads a layers-model.
 *
 * @param source A store, a path, a `file:` or `http:` URL of its model.json (or of the folder that it lies in), or an
 * IOHandler.
 * @param settings A signal, and who is told of the progress.
 * @param onAbsent Called where the place has no model.json at all, before that is an error.
 * @throws TransferError `NOT_FOUND`, or `INVALID_MODEL` where it is truncated, no layers-model, or names files outside
 * its folder.
 */
export async function readArtifacts(
  source: string | Store | tf.io.IOHandler,
  settings: TransferSettings = {},
  onAbsent: () => void = () => {},
): Promise<Artifacts> {
  const name = nameOfPlace(source);
  settings.signal?.throwIfAborted();
  const { topology, specs, data, metadata } =
    typeof source === 'string'
      ? await readFiles(await readableAt(source), name, settings, onAbsent)
      : isStore(source)
        ? await readFiles(source, name, settings, onAbsent)
        : await readHandler(source);
  settings.signal?.throwIfAborted();
  const expected = bytesOfAll(specs, name);
  if (data.byteLength !== expected) {
    throw new TransferError(
      'INVALID_MODEL',
      `${name}: its weights should take ${expected} bytes, and ${data.byteLength} are there. The files are ` +
        `${data.byteLength < expected ? 'truncated' : 'of another model'}; copy or convert the model again.`,
    );
  }
  return { topology, specs, data, metadata, sha256: await sha256(data) };
}

/** A store, a folder of the file system, or a place of the web. A page never loads the code for folders. */
export async function readableAt(source: string | Store): Promise<Readable> {
  if (isStore(source)) return source;
  return isPath(source) ? (await import('./readable-folder.ts')).readableFolder(source) : readableUrl(source);
}

type Raw = Omit<Artifacts, 'sha256'>;

async function readFiles(
  place: Readable,
  name: string,
  { signal, onProgress }: TransferSettings,
  onAbsent: () => void,
): Promise<Raw> {
  for (let last: string | undefined; ; ) {
    const read = reporting(await place.open({ signal }), name, onProgress);
    const bytes = await read('model.json', { limit: longestTopology, signal }).catch((error: unknown) => {
      if (isMissing(error)) onAbsent();
      throw error;
    });
    const json = new TextDecoder().decode(bytes);
    try {
      return await readWeights(json, name, (file, limit) => read(file, { limit, signal }));
    } catch (error) {
      // A model that was replaced meanwhile takes its weights along; the new model.json names the new ones.
      if (!isMissing(error) || json === last) throw error;
      last = json;
    }
  }
}

async function readWeights(
  text: string,
  name: string,
  read: (file: string, limit: number) => Promise<Uint8Array>,
): Promise<Raw> {
  const json = parse(text, name);
  const { modelTopology, weightsManifest, userDefinedMetadata } = asRecord(json);
  assertLayersModelFormat(json, modelTopology, weightsManifest, name);
  const groups = weightsManifest as {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
  const specs = groups.flatMap(({ weights }) => weights);
  let left = bytesOfAll(specs, name);
  const parts: Uint8Array[] = [];
  for (const path of groups.flatMap(({ paths }) => paths)) {
    // A model from outside names files beside it, and nothing else (tfjs joins whatever it says, trap T18).
    if (typeof path !== 'string' || !/^[\w][\w. -]*$/.test(path)) {
      throw new TransferError(
        'INVALID_MODEL',
        `${name} names ${JSON.stringify(path)} as a file of weights. Only names of files beside model.json are read.`,
      );
    }
    const part = await read(path, left);
    left -= part.byteLength;
    parts.push(part);
  }
  const bytes = joined(parts);
  const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  const data = whole.buffer as ArrayBuffer;
  return { topology: modelTopology as object, specs, data, metadata: asRecord(userDefinedMetadata) };
}

async function readHandler(handler: tf.io.IOHandler): Promise<Raw> {
  if (typeof handler?.load !== 'function') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'The source is no path, no URL and no IOHandler with a load method, and no store. Pass one of these (call functions).',
    );
  }
  const { modelTopology, weightSpecs, weightData, userDefinedMetadata } = await handler.load();
  const data = Array.isArray(weightData) ? tf.io.concatenateArrayBuffers(weightData) : weightData;
  if (!modelTopology || !weightSpecs || !data) {
    throw new TransferError('INVALID_MODEL', 'The IOHandler gave no topology or no weights. Save the model with both.');
  }
  return { topology: modelTopology as object, specs: weightSpecs, data, metadata: asRecord(userDefinedMetadata) };
}

const asRecord = (value: unknown) =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TransferError('INVALID_MODEL', `${name} is no JSON. Pass the model.json of a tfjs layers-model.`, {
      cause,
    });
  }
}

function assertLayersModelFormat(json: unknown, topology: unknown, manifest: unknown, name: string): void {
  if ((json as { readonly format?: unknown } | null)?.format === 'graph-model') {
    throw new TransferError(
      'UNSUPPORTED',
      `${name} is a graph-model, which cannot be trained. Convert the Keras model again, as a layers-model: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model.`,
    );
  }
  const manifestIsRight =
    Array.isArray(manifest) && manifest.every((group) => Array.isArray(group?.paths) && Array.isArray(group?.weights));
  if (typeof topology === 'object' && topology !== null && manifestIsRight) return;
  throw new TransferError(
    'INVALID_MODEL',
    `${name} has no modelTopology or no weightsManifest. Pass the model.json of a tfjs layers-model.`,
  );
}

const byteSizes: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
  complex64: 8,
};

const bytesOfAll = (specs: readonly tf.io.WeightsManifestEntry[], name: string) =>
  specs.reduce((sum, spec) => sum + bytesOf(spec, name), 0);

function bytesOf(spec: Partial<tf.io.WeightsManifestEntry> | null, name: string): number {
  const { name: weight, shape, dtype, quantization } = spec ?? {};
  const size = byteSizes[quantization?.dtype ?? String(dtype)];
  const isWhole = (length: number) => Number.isSafeInteger(length) && length >= 0;
  const bytes =
    size && Array.isArray(shape) && shape.every(isWhole)
      ? shape.reduce((product, length) => product * length, size)
      : Number.NaN;
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new TransferError(
    'INVALID_MODEL',
    `${name}: the weight ${weight} has shape ${JSON.stringify(shape)} and type ${dtype}, which cannot be read.`,
  );
}
