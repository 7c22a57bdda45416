import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel, WeightKey } from '../core/handle.ts';
import type { Head } from '../core/head.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { readSafetensors, type Safetensors } from '../formats/safetensors.ts';
import { floatsOf } from '../formats/safetensors-values.ts';
import { assertHead } from '../model/assert-head.ts';
import { attachHead } from '../model/attach-head.ts';
import { dispose } from '../model/dispose.ts';
import { jsonObject } from '../model/json-object.ts';
import { isFactor } from '../model/low-rank.ts';
import { withWeights } from '../model/with-weights.ts';
import { assertBase } from './assert-base.ts';
import { baseHashes, deltaFile, hashOf } from './delta-file.ts';
import { factorInfos } from './factor-infos.ts';
import { openFiles } from './open-files.ts';

/**
 * Loads what {@link saveDelta} saved onto the base that it was saved with.
 *
 * @param base The base, bit for bit the one that the model was tuned from. It stays as it is.
 * @param source The path or URL of the folder of `delta.safetensors`, or a store.
 * @param settings A signal, and who is told of the progress.
 * @returns The model with its head, everything of its base frozen; the caller disposes it.
 * @throws TransferError `INVALID_ARGUMENT` where the base is another; `NOT_FOUND`; `INVALID_MODEL` where the file is broken.
 *
 * @example
 * ```ts
 * import { attachHead, pipe } from 'tfjs-transfer';
 * import { loadDelta, saveDelta } from 'tfjs-transfer/adapters';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const base = tinyCnn();
 * await saveDelta(pipe(base, attachHead(classifier(['cat', 'dog']))), base, 'pets-delta');
 * await loadDelta(tinyCnn({ seed: 1 }), 'pets-delta').catch(({ message }) => console.log(message)); // another base
 * ```
 */
export async function loadDelta(
  base: Base,
  source: string | Store,
  settings: TransferSettings = {},
): Promise<TransferModel> {
  assertBase('loadDelta', base);
  assertSettings('loadDelta', settings, knownInTransfer);
  const { read, name } = await openFiles(base, source, 'loadDelta', settings);
  const file = readSafetensors(await read(deltaFile.name), `${deltaFile.name} of ${name}`);
  const head = headOf(file, name);
  const hash = await hashOf(await baseHashes(base));
  if (file.metadata.get('base') !== hash) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `The delta ${name} belongs to a base of the hash ${file.metadata.get('base')}; that of ${base.origin.name} is ${hash}. Pass the base that the model was tuned from, read with the same cut.`,
    );
  }
  // Before the head takes memory: its layers are as wide as the file's weights.
  const kernels = new Set([...file.tensors.values()].map(({ shape }) => String(shape)));
  const widths = [base.outputShape.at(-1), ...head.layers.flatMap((layer) => ('units' in layer ? [layer.units] : []))];
  if (!widths.slice(1).every((units, i) => kernels.has(String([widths[i], units])))) throw damaged(name);
  const blank = attachHead(head)(base);
  const fresh: Record<WeightKey, tf.Tensor> = {};
  try {
    const shapes = new Map(
      blank.layers.flatMap(({ weights }) => weights.map(({ key, shape }) => [key, shape] as const)),
    );
    const isOwn = (key: WeightKey, shape: readonly number[]) =>
      isFactor(key) || String(shapes.get(key)) === String(shape);
    const heads = blank.layers.flatMap(({ part, weights }) => (part === 'head' ? weights.map(({ key }) => key) : []));
    if (
      [...file.tensors].some(([key, { shape }]) => !isOwn(key, shape)) ||
      !heads.every((key) => file.tensors.has(key))
    ) {
      throw damaged(name);
    }
    for (const [key, tensor] of file.tensors) fresh[key] = tf.tensor(floatsOf(tensor, key), [...tensor.shape]);
    const layers = await factorInfos(blank, Object.fromEntries(Object.entries(fresh).filter(([key]) => isFactor(key))));
    settings.onProgress?.({ status: 'ready', name });
    return withWeights({ ...blank, layers }, blank.lease.values, fresh);
  } catch (error) {
    tf.dispose(fresh);
    throw error;
  } finally {
    dispose(blank);
  }
}

function headOf({ metadata }: Safetensors, name: string): Head {
  if (metadata.get('format') !== deltaFile.format) throw damaged(name);
  const head = jsonObject(
    new TextEncoder().encode(metadata.get('head') ?? ''),
    `The head in ${deltaFile.name} of ${name}`,
  );
  assertHead(head, `${deltaFile.name} of ${name}`);
  return head;
}

const damaged = (name: string) =>
  new TransferError('INVALID_MODEL', `${deltaFile.name} of ${name} is not what saveDelta wrote. Copy the file again.`);
