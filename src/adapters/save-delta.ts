import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel } from '../core/handle.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { type WritableTensor, writeSafetensors } from '../formats/safetensors-write.ts';
import { download } from '../model/device.ts';
import { hashWeights } from '../model/hash-weights.ts';
import { isFactor } from '../model/low-rank.ts';
import { networkBehind } from '../model/network.ts';
import { storeAt } from '../model/store-at.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { tensorOf } from '../model/weights.ts';
import { writeFiles } from '../model/write-files.ts';
import { assertBase } from './assert-base.ts';
import { baseHashes, deltaFile, hashOf } from './delta-file.ts';

/**
 * Saves what a model has and its base has not: the weights that differ, in whatever way they were tuned, updates of low rank
 * as such, and the head. One file, `delta.safetensors`, that names the base by a hash of its weights.
 *
 * @param model The model.
 * @param base What it was tuned from.
 * @param target In Node, the folder: a path or `file://` URL. Anywhere a store (`tfjs-transfer/stores`).
 * @param settings A signal, and who is told of the progress.
 * @returns Where it was saved, and the keys of the weights of the base that differ. Both are read once.
 * @throws TransferError `INVALID_ARGUMENT` where the model was not tuned from this base; `SAVE_FAILED`; `DISPOSED`.
 *
 * @example
 * ```ts
 * import { attachHead, pipe } from 'tfjs-transfer';
 * import { loadDelta, saveDelta } from 'tfjs-transfer/adapters';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const base = tinyCnn();
 * const { weights } = await saveDelta(pipe(base, attachHead(classifier(['cat', 'dog']))), base, 'pets-delta');
 * console.log(weights); // [], for the head alone is new
 * const model = await loadDelta(base, 'pets-delta');
 * console.log(model.head.labels); // [ 'cat', 'dog' ]
 * ```
 */
export async function saveDelta(
  model: TransferModel,
  base: Base,
  target: string | Store,
  settings: TransferSettings = {},
): Promise<{ readonly location: string; readonly weights: readonly string[] }> {
  assertTransferModel(model);
  assertBase('saveDelta', base);
  assertSettings('saveDelta', settings, knownInTransfer);
  const store = storeAt(target, 'saveDelta: the target');
  const hashes = await baseHashes(base);
  const hash = await hashOf(hashes);
  const own = model.layers.flatMap(({ part, weights }) => weights.map((weight) => ({ ...weight, part })));
  const strange = own.filter(({ key, part }) => part === 'base' && !(key in hashes) && !isFactor(key));
  if (strange.length > 0) {
    const keys = strange.slice(0, 5).map(({ key }) => key);
    throw new TransferError(
      'INVALID_ARGUMENT',
      `saveDelta: ${base.origin.name} lacks weights of the model, ${keys.join(', ')} among them. Pass the base that it was tuned from.`,
    );
  }
  const tensors = new Map<string, WritableTensor>();
  const network = networkBehind(model);
  const { values } = model.lease;
  // Updates that were never trained have no values yet, and change nothing.
  const there = own.filter(({ key }) => !isFactor(key) || key in values);
  const keys = there.map(({ key }) => key);
  const current = await hashWeights(network, values, keys);
  for (const { key, part, shape } of there) {
    if (part === 'base' && hashes[key] === current[key]) continue;
    const numbers = (await download(tensorOf(network.variables, values, key))) as Float32Array;
    tensors.set(key, { shape, values: numbers });
  }
  const metadata = { format: deltaFile.format, base: hash, head: JSON.stringify(model.head) };
  await writeFiles(store, [{ name: deltaFile.name, bytes: writeSafetensors(tensors, metadata) }], settings, target);
  const heads = new Set(own.filter(({ part }) => part === 'head').map(({ key }) => key));
  return { location: store.name, weights: [...tensors.keys()].filter((key) => !heads.has(key)) };
}
