import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel, WeightKey } from '../core/handle.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { readSafetensors, type SafetensorsTensor } from '../formats/safetensors.ts';
import { floatsOf } from '../formats/safetensors-values.ts';
import { jsonObject } from '../model/json-object.ts';
import { factorsOf } from '../model/low-rank.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { withWeights } from '../model/with-weights.ts';
import { adapterFiles, scalesOf } from './adapter-config.ts';
import { factorInfos } from './factor-infos.ts';
import { moduleNames } from './module-names.ts';
import { openFiles } from './open-files.ts';
import { fromPyTorch } from './turned.ts';

/**
 * Puts an adapter of peft on a model: the updates on its kernels, and the head that the file has in place of the model's.
 * Everything of the base is frozen; `lora` with the same rank and alpha trains the updates on. A dropout that
 * the adapter was trained with is left out.
 *
 * @param model The base that the adapter was trained on, with a head that has its labels. It stays as it is.
 * @param source The path or URL of the folder of `adapter_config.json` and `adapter_model.safetensors`, or a store.
 * @param settings A signal, and who is told of the progress.
 * @returns A model of its own; the caller disposes it.
 * @throws TransferError `NOT_FOUND`; `UNSUPPORTED` for what is no plain LoRA; `INVALID_MODEL` where the files are broken;
 * `INVALID_ARGUMENT` where they are of another base or head.
 *
 * @example
 * ```ts no-run
 * import { attachHead, loadBase, pipe, predict } from 'tfjs-transfer';
 * import { loadAdapter } from 'tfjs-transfer/adapters';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(await loadBase('bert/'), attachHead(classifier(['bad', 'good'])));
 * const adapted = await loadAdapter(model, 'bert-adapter/');
 * ```
 */
export async function loadAdapter(
  model: TransferModel,
  source: string | Store,
  settings: TransferSettings = {},
): Promise<TransferModel> {
  assertTransferModel(model);
  assertSettings('loadAdapter', settings, knownInTransfer);
  const { read, name } = await openFiles(model, source, 'loadAdapter', settings);
  const scaleOf = scalesOf(jsonObject(await read(adapterFiles.config), `The adapter_config.json of ${name}`), name);
  const { tensors } = readSafetensors(await read(adapterFiles.weights), `${adapterFiles.weights} of ${name}`);
  const fresh: Record<WeightKey, tf.Tensor> = {};
  try {
    fill(fresh, model, tensors, scaleOf, name);
    const head = moduleNames(model).head;
    const layers = await factorInfos(model, withoutKeys(fresh, head));
    settings.onProgress?.({ status: 'ready', name });
    return withWeights({ ...model, layers }, model.lease.values, fresh);
  } catch (error) {
    tf.dispose(fresh);
    throw error;
  }
}

const withoutKeys = <T>(record: Readonly<Record<WeightKey, T>>, keys: ReadonlyMap<WeightKey, unknown>) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.has(key)));

/** Makes the weights that a file has; those that were made when it fails are in `fresh` too. */
function fill(
  fresh: Record<WeightKey, tf.Tensor>,
  model: TransferModel,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  scaleOf: (module: string, r: number) => number,
  name: string,
): void {
  const { kernels, head, family } = moduleNames(model);
  const plain = (module: string) => module.replace(/^base_model\.model\./, '').replace(new RegExp(`^${family}\\.`), '');
  const byModule = (names: ReadonlyMap<WeightKey, string>) =>
    new Map([...names].map(([key, module]) => [plain(module), key]));
  const [kernelOf, headOf] = [byModule(kernels), byModule(head)];
  const strangers: string[] = [];
  const doubles: string[] = [];
  const flat: string[] = [];
  for (const [full, tensor] of tensors) {
    const [, module = plain(full), side] = /^(.*)\.lora_([AB])\.weight$/.exec(plain(full)) ?? [];
    const key = (side ? kernelOf : headOf).get(module);
    const factors = key && side && factorsOf(key);
    const own = factors ? factors[side as 'A' | 'B'] : key;
    if (!own) strangers.push(full);
    else if (own in fresh) doubles.push(full);
    else if (factors && (tensor.shape.length < 2 || tensor.shape.includes(0))) flat.push(`${full} [${tensor.shape}]`);
    else {
      fresh[own] = turned(tensor, full);
      if (factors && side === 'A') fresh[factors.scale] = tf.scalar(scaleOf(module, tensor.shape[0] as number));
    }
  }
  const shapes = new Map(model.layers.flatMap(({ weights }) => weights.map(({ key, shape }) => [key, shape] as const)));
  const misshapen = [...head].filter(([key]) => fresh[key] && String(fresh[key]?.shape) !== String(shapes.get(key)));
  const lacking = [...head].filter(([key]) => !(key in fresh));
  const halves = [...kernels].filter(([key]) => !(factorsOf(key).A in fresh) !== !(factorsOf(key).B in fresh));
  const said = [
    strangers.length && `${strangers.join(', ')}: ${model.origin.name} has no such layer.`,
    doubles.length && `${doubles.join(', ')}: the file has it twice.`,
    flat.length && `${flat.join(', ')}: such a shape is no factor.`,
    lacking.length &&
      lacking.length < head.size &&
      `The file has a part of the head, and lacks ${lacking.map(([, own]) => own).join(', ')}.`,
    halves.length && `${halves.map(([, module]) => module).join(', ')}: A or B is missing.`,
    misshapen.length &&
      `${misshapen.map(([key, own]) => `${own} has the shape [${fresh[key]?.shape}], that of the model [${shapes.get(key)}]`).join(', ')}.`,
  ].filter(Boolean);
  if (said.length === 0) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `The adapter ${name} does not fit the model. ${said.join(' ')} Pass the base that it was trained on, with a head of as many labels.`,
  );
}

function turned(tensor: SafetensorsTensor, name: string): tf.Tensor {
  const isB = /\.lora_B\.weight$/.test(name);
  return tf.tidy(() => {
    const values = tf.tensor(floatsOf(tensor, name), [...tensor.shape]);
    // B of a convolution looks at single pixels: here it is a matrix.
    return fromPyTorch(isB ? tf.reshape(values, [tensor.shape[0] as number, -1]) : values);
  });
}
