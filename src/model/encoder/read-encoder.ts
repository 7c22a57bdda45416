import { TransferError } from '../../core/errors.ts';
import type { TransferSettings } from '../../core/progress.ts';
import type { ReadFile } from '../../core/store.ts';
import { readShards } from '../../formats/safetensors-shards.ts';
import { joined } from '../byte-limit.ts';
import type { Readable } from '../byte-reader.ts';
import { jsonObject } from '../json-object.ts';
import { optionalFile } from '../optional-file.ts';
import { reporting } from '../report-reading.ts';
import { sha256 } from '../sha256.ts';
import type { LayersModel } from '../tfjs-internals.ts';
import { type EncoderConfig, encoderConfig } from './encoder-config.ts';
import { encoderModel } from './encoder-model.ts';
import { plainNames } from './weight-names.ts';

/** The most bytes of a JSON file that describes an encoder. */
const longestJson = 2 ** 20;

/** What is read of an encoder. */
export interface ReadEncoder {
  readonly model: LayersModel;
  readonly release: () => void;
  /** SHA-256 of the weight files one after the other. */
  readonly sha256: string | undefined;
  /** The layer whose output is the base's. */
  readonly cut: string | false;
}

/**
 * Reads an encoder in Hugging Face's layout: config.json, model.safetensors (or the files of its index), and, where it is
 * of Sentence Transformers, how that makes one vector of a text.
 *
 * @param place The folder.
 * @param name What it is called in messages.
 * @param cut The layer whose output becomes the base's: `mean`, `first`, `pooler`, a block, over whose output the mean is
 * taken, or `tokens`, the top block itself. Default: as the folder says, else `pooler` where there is one, else `mean`.
 * @param settings A signal, and who is told of the progress.
 * @throws TransferError `NOT_FOUND`, `INVALID_MODEL`, `UNSUPPORTED`.
 */
export async function readEncoder(
  place: Readable,
  name: string,
  cut: string | false | undefined,
  { signal, onProgress }: TransferSettings,
): Promise<ReadEncoder> {
  const open = reporting(await place.open({ signal }), place.name, onProgress);
  const read = (file: string, limit: number) => open(file, { limit, signal });
  const config = encoderConfig(await read('config.json', longestJson), name);
  const asked = cut ?? config.cut;
  const block = typeof asked === 'string' ? /^layer_(\d+)$/.exec(asked) : null;
  const height = block ? Number(block[1]) + 1 : config.blocks;
  if (height > config.blocks) {
    throw new TransferError(
      'NOT_FOUND',
      `cut: '${asked}' is no layer of ${name}. Its blocks are layer_0 to layer_${config.blocks - 1}; mean, first and pooler make one vector of the last, and tokens keeps one for each token.`,
    );
  }
  const readout = asked === undefined ? await readoutOf(await place.open({ signal }), name, signal) : undefined;
  const { tensors, files } = await readShards(read, name, bytesAtMost(config));
  const hash = await sha256(joined(files) as Uint8Array<ArrayBuffer>);
  const { model, release } = encoderModel(config, plainNames(tensors), height, name);
  const hasPooler = model.layers.some((layer) => layer.name === 'pooler');
  const chosen = asked ?? readout ?? (hasPooler ? 'pooler' : 'mean');
  const named = { tokens: `layer_${height - 1}`, [block?.[0] ?? '']: 'mean' };
  return { model, release, sha256: hash, cut: named[String(chosen)] ?? chosen };
}

/** How Sentence Transformers makes one vector of a text; undefined where the folder is none of its. */
async function readoutOf(read: ReadFile, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const bytes = await optionalFile(read, '1_Pooling/config.json', { limit: longestJson, signal });
  if (!bytes) return undefined;
  const pooling = jsonObject(bytes, `The 1_Pooling/config.json of ${name}`);
  return pooling.pooling_mode_cls_token === true ? 'first' : 'mean';
}

/** Twice the encoder in float32, which leaves room for a head as large as its vocabulary; the rest is no model's. */
function bytesAtMost({ blocks, embeddings, block }: EncoderConfig): number {
  const { width, inner } = block as { readonly width: number; readonly inner: number };
  const { vocabulary, positions, types } = embeddings as Readonly<Record<'vocabulary' | 'positions' | 'types', number>>;
  const rows = vocabulary + positions + types + width + blocks * (4 * width + 2 * inner + 13) + 3;
  return 2 * 4 * width * rows + 4 * blocks * inner + 2 ** 27;
}
