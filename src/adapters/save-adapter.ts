import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel, WeightKey } from '../core/handle.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { type WritableTensor, writeSafetensors } from '../formats/safetensors-write.ts';
import { download } from '../model/device.ts';
import { factorsOf } from '../model/low-rank.ts';
import { storeAt } from '../model/store-at.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { writeFiles } from '../model/write-files.ts';
import { adapterConfig, adapterFiles, type ModuleUpdate } from './adapter-config.ts';
import { moduleNames } from './module-names.ts';
import { toPyTorch } from './turned.ts';

/**
 * Saves the updates of low rank and the head as an adapter of peft: `adapter_config.json` and `adapter_model.safetensors`,
 * a thousandth of a model's bytes. Layers of encoders have the names of transformers, the head is the `classifier`, in
 * `modules_to_save`: `PeftModel.from_pretrained` puts it on a `BertForSequenceClassification` where the base is a BERT that
 * was read with `cut: 'pooler'`.
 *
 * @param model A model with updates, of `lora`.
 * @param target In Node, the folder: a path or `file://` URL. Anywhere a store (`tfjs-transfer/stores`).
 * @param settings A signal, and who is told of the progress.
 * @returns Where it was saved.
 * @throws TransferError `INVALID_ORDER` where the model has no update; `SAVE_FAILED`; `INVALID_ARGUMENT`; `DISPOSED`.
 *
 * @example
 * ```ts
 * import { attachHead, fineTune, loadBase, lora, pipe, sequence, train } from 'tfjs-transfer';
 * import { saveAdapter } from 'tfjs-transfer/adapters';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { loadTokenizer, textExamples } from 'tfjs-transfer/text';
 *
 * const model = pipe(await loadBase('all-MiniLM-L6-v2/'), attachHead(classifier(['bad', 'good'])));
 * const tokenizer = await loadTokenizer('all-MiniLM-L6-v2/');
 * const data = { train: textExamples(['Good soup.', 'Never again.'], [1, 0], tokenizer) };
 * const { model: tuned } = await fineTune(model, data, sequence(lora({ r: 4 }), train({ epochs: 1 })));
 * await saveAdapter(tuned, 'adapter');
 * ```
 */
export async function saveAdapter(
  model: TransferModel,
  target: string | Store,
  settings: TransferSettings = {},
): Promise<{ readonly location: string }> {
  assertTransferModel(model);
  assertSettings('saveAdapter', settings, knownInTransfer);
  const store = storeAt(target, 'saveAdapter: the target');
  const names = moduleNames(model);
  const { values } = model.lease;
  const kernels = [...names.kernels.keys()].filter((key) => factorsOf(key).A in values);
  if (kernels.length === 0) {
    throw new TransferError(
      'INVALID_ORDER',
      'saveAdapter received a model without updates of low rank. Train some first: fineTune(model, data, sequence(lora(), train({ epochs }))).',
    );
  }
  const tensors = new Map<string, WritableTensor>();
  const add = async (name: string, key: WeightKey, change = (tensor: tf.Tensor) => tensor) => {
    const turned = tf.tidy(() => change(toPyTorch(values[key] as tf.Tensor)));
    const numbers = (await download(turned).finally(() => turned.dispose())) as Float32Array;
    tensors.set(`base_model.model.${name}`, { shape: turned.shape, values: numbers });
  };
  const modules: ModuleUpdate[] = [];
  for (const key of kernels) {
    const [module, { A, B, scale }] = [names.kernels.get(key) as string, factorsOf(key)];
    await add(`${module}.lora_A.weight`, A);
    // B of a convolution looks at single pixels.
    const ones = Array.from({ length: (values[A] as tf.Tensor).rank - 2 }, () => 1);
    await add(`${module}.lora_B.weight`, B, (b) => tf.reshape(b, [...b.shape, ...ones]));
    const [factor] = await download(values[scale] as tf.Tensor);
    modules.push({ module, r: (values[B] as tf.Tensor).shape[0] as number, scale: factor as number });
  }
  for (const [key, name] of names.head) await add(name, key);
  const config = adapterConfig(modules, names, model);
  const encode = (text: string) => new TextEncoder().encode(text);
  await writeFiles(
    store,
    [
      { name: adapterFiles.weights, bytes: writeSafetensors(tensors, { format: 'pt' }) },
      { name: adapterFiles.config, bytes: encode(`${JSON.stringify(config, null, 2)}\n`) },
    ],
    settings,
    target,
  );
  return { location: store.name };
}
