import * as tf from '@tensorflow/tfjs-core';
import { assertHandle } from '../core/edit.ts';
import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel, WeightKey } from '../core/handle.ts';
import { mapRecord, type Tensors } from '../core/optimizer.ts';
import { download } from '../model/device.ts';
import { isFactor, updatedKernels, updatesOf, withoutUpdates } from '../model/low-rank.ts';
import { networkBehind } from '../model/network.ts';
import { tidy } from '../model/tidy.ts';
import { tensorOf } from '../model/weights.ts';
import { withWeights } from '../model/with-weights.ts';
import { factorInfos } from './factor-infos.ts';

/** What {@link merge} or {@link unmerge} made. */
export interface Merged<Model> {
  /** The caller's. */
  readonly model: Model;
  /**
   * By how much the kernels miss their old values where it is undone: the largest difference, that of rounding to float32.
   */
  readonly error: number;
}

/**
 * Adds the updates of low rank to their kernels (`merge_and_unload` of peft): `W + scale A B` becomes the kernel. The model
 * predicts what it predicted, without computing the updates again, and any edit can open it.
 *
 * @param model A base or model with updates, which stays as it is.
 * @returns The merged one, and what rounding costs.
 * @throws TransferError `INVALID_ORDER` where there is no update; `DISPOSED`.
 *
 * @example
 * ```ts
 * import { attachHead, fineTune, lora, pipe, sequence, train } from 'tfjs-transfer';
 * import { merge } from 'tfjs-transfer/adapters';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const data = { train: await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]) };
 * const strategy = sequence(lora({ r: 2, targetModules: ['pointwise'] }), train({ epochs: 1 }));
 * const { model: tuned } = await fineTune(model, data, strategy);
 * const { model: merged, error } = await merge(tuned);
 * console.log(merged.head.labels, error < 1e-6); // [ 'dark', 'light' ] true
 * ```
 */
export async function merge<Model extends Base | TransferModel>(model: Model): Promise<Merged<Model>> {
  assertHandle('merge', model);
  const { variables } = networkBehind(model);
  const { values } = model.lease;
  assertUpdated('merge', values);
  const { changed, error } = tidy(() => {
    const merged = updatedKernels(variables, values);
    const updates = updatesOf(values);
    const back = mapRecord(merged, (kernel, key) => tf.sub(kernel, updates[key] as tf.Tensor));
    return { changed: merged, error: largest(back, (key) => tensorOf(variables, values, key)) };
  });
  const plain = Object.entries(values).filter(([key]) => !isFactor(key));
  const merged = { ...model, layers: withoutUpdates(model.layers) };
  return measured(withWeights(merged, Object.fromEntries(plain), changed), error);
}

/**
 * Takes updates of low rank out of the kernels that they were added to, and puts them beside these again, to be trained on
 * or saved.
 *
 * @param model A merged model, such as one that was saved and loaded. It stays as it is.
 * @param updates A model that has the updates: the one before {@link merge}, or what {@link loadAdapter} returned.
 * @returns The model with its updates, and what rounding costs.
 * @throws TransferError `INVALID_ORDER` where `updates` has none, or `model` has some already; `INVALID_ARGUMENT` where they
 * are of other kernels; `DISPOSED`.
 *
 * @example
 * ```ts no-run
 * import { attachHead, loadBase, loadModel, pipe } from 'tfjs-transfer';
 * import { loadAdapter, unmerge } from 'tfjs-transfer/adapters';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const base = await loadBase('bert/');
 * const adapted = await loadAdapter(pipe(base, attachHead(classifier(['bad', 'good']))), 'bert-adapter/');
 * const { model, error } = await unmerge(await loadModel('merged-bert/'), adapted);
 * ```
 */
export async function unmerge<Model extends Base | TransferModel>(
  model: Model,
  updates: Base | TransferModel,
): Promise<Merged<Model>> {
  for (const handle of [model, updates]) assertHandle('unmerge', handle);
  const { variables } = networkBehind(model);
  const { values } = model.lease;
  assertUpdated('unmerge', updates.lease.values);
  const factors = Object.fromEntries(Object.entries(updates.lease.values).filter(([key]) => isFactor(key)));
  const layers = await factorInfos(model, factors);
  const { changed, error } = tidy(() => {
    const own = updatesOf(factors);
    const kernels = mapRecord(own, (update, key) => tf.sub(tensorOf(variables, values, key), update));
    const again = updatedKernels(variables, { ...kernels, ...factors });
    return { changed: kernels, error: largest(again, (key) => tensorOf(variables, values, key)) };
  });
  return measured(withWeights({ ...model, layers }, { ...values, ...factors }, changed), error);
}

function assertUpdated(caller: string, values: Tensors): void {
  if (Object.keys(values).some(isFactor)) return;
  throw new TransferError(
    'INVALID_ORDER',
    `${caller} received a model without updates of low rank. Train some, fineTune(model, data, sequence(lora(), train({ epochs }))), or load some: loadAdapter.`,
  );
}

/** The largest difference of kernels from others of the same keys, a scalar. */
const largest = (kernels: Tensors, other: (key: WeightKey) => tf.Tensor): tf.Scalar =>
  tf.max(tf.stack(Object.entries(kernels).map(([key, kernel]) => tf.max(tf.abs(tf.sub(kernel, other(key)))))));

/** A handle with weights of its own, and the error as a number. */
async function measured<Model extends Base | TransferModel>(model: Model, error: tf.Scalar): Promise<Merged<Model>> {
  try {
    return { model, error: (await download(error))[0] as number };
  } catch (cause) {
    model.lease.dispose();
    throw cause;
  } finally {
    error.dispose();
  }
}
