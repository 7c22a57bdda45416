import type { io } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { BaseSource } from '../core/base-source.ts';
import { TransferError } from '../core/errors.ts';
import type { Base } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { asBase } from './as-base.ts';
import { isStore, nameOfPlace } from './byte-reader.ts';
import { type BaseSettings, makeBase } from './make-base.ts';
import { assertReady } from './one-tfjs.ts';
import { readNetwork } from './read-network.ts';
import type { LayersModel } from './tfjs-internals.ts';

/** Settings of {@link loadBase}. */
export interface LoadBaseSettings extends BaseSettings, TransferSettings {}

/**
 * Loads a pretrained network as a base: everything frozen, the classifier cut off. The base owns its weights; free them
 * with {@link dispose}.
 *
 * @param source What a package of a base returns (`efficientNetLite0()`), the path or URL of a tfjs layers-model
 * (its `model.json` or its folder) or of an encoder of text in Hugging Face's layout (its `config.json` or its folder:
 * BERT, RoBERTa, DistilBERT, MiniLM), a store (`tfjs-transfer/stores`, such as `hub('owner/name')`), an IOHandler, or a
 * `tf.LayersModel` (as with {@link asBase}).
 * @param settings Where to cut, how the input is scaled, a signal, and who is told of the progress.
 * @returns The base.
 * @throws TransferError `NOT_FOUND` (a file, or the layer of `cut`), `INVALID_MODEL` (truncated, another hash, no layers-model, weights that are not
 * those of the architecture), `UNSUPPORTED` (an architecture that is not read), `INVALID_ARGUMENT` (settings), `OFFLINE`, `BACKEND_UNKNOWN` (call {@link useBackend} first), `DEVICE_LOST`, `DUPLICATE_TFJS`. An abort rejects
 * with its reason.
 *
 * @example
 * ```ts
 * import { dispose, loadBase } from 'tfjs-transfer';
 * import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
 *
 * const base = await loadBase(efficientNetLite0());
 * console.log(base.outputShape, base.units.length); // [ 7, 7, 1280 ] 49
 * dispose(base);
 * ```
 */
export async function loadBase(
  source: BaseSource | string | Store | io.IOHandler | LayersModel,
  settings: LoadBaseSettings = {},
): Promise<Base> {
  assertSettings('loadBase', settings, { ...knownInTransfer, cut: undefined, input: {}, name: 'base' });
  const { onProgress, signal, ...cutting } = settings;
  await assertReady();
  if (source instanceof tfl.LayersModel || (typeof source === 'object' && source !== null && 'predict' in source)) {
    return asBase(source as LayersModel, cutting);
  }
  const given = isBaseSource(source) ? source : undefined;
  const place = given ? given.url : (source as string | Store | io.IOHandler);
  const name = settings.name ?? given?.name ?? nameOf(place);
  const { model, release, sha256, cut } = await readNetwork(place, name, settings.cut, { onProgress, signal });
  try {
    const address = isStore(place) ? await place.address?.() : place;
    const origin = {
      name,
      ...(typeof address === 'string' && { source: address }),
      ...(sha256 && { sha256 }),
      ...(given?.licence && { licence: given.licence }),
    };
    if (given) assertHash(given, sha256);
    onProgress?.({ status: 'ready', name: nameOfPlace(place) });
    const where = cut === undefined ? {} : { cut };
    return makeBase(model, { ...(given && { input: given.input }), ...cutting, ...where }, origin, release);
  } catch (error) {
    release();
    throw error;
  }
}

function assertHash({ name, url, sha256: expected }: BaseSource, found: string | undefined): void {
  if (!expected || !found || expected === found) return;
  throw new TransferError(
    'INVALID_MODEL',
    `${name}: the weights at ${url} have SHA-256 ${found}, not ${expected} as the package says. Install the package again.`,
  );
}

const isBaseSource = (source: unknown): source is BaseSource => kindOf(source) === 'base-source';

const nameOf = (place: unknown) =>
  typeof place === 'string'
    ? (place
        .replace(/\/?((model|config)\.json)?$/, '')
        .split(/[\\/]/)
        .at(-1) ?? 'base')
    : 'base';
