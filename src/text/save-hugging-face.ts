import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { knownInTransfer, type TransferSettings } from '../core/progress.ts';
import { assertSettings } from '../core/settings.ts';
import type { Store } from '../core/store.ts';
import { storeAt } from '../model/store-at.ts';
import { writeFiles } from '../model/write-files.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Settings of {@link saveHuggingFace}. */
export interface SaveHuggingFaceSettings extends TransferSettings {
  /** The tokenizer that the model was tuned with; its files are saved as they were read, with its length. */
  readonly tokenizer: Tokenizer;
}

/**
 * Saves an encoder, tuned or not, as a folder that `transformers` reads: config.json, model.safetensors, tokenizer.json,
 * sentence_bert_config.json with the tokenizer's length, and tokenizer_config.json where there was one. `loadBase` reads it back bit for bit, cut as it was. Take a folder
 * of its own: one that holds a model.json is read as that.
 *
 * Where a class of transformers computes what the head does, the head is in model.safetensors, and its labels are in
 * config.json:
 *
 * | base | cut | head | class |
 * |---|---|---|---|
 * | BERT, RoBERTa | `'pooler'` | one dense layer | `BertForSequenceClassification`, `RobertaForSequenceClassification` |
 * | DistilBERT | `'first'` | `mlp(head, { hidden: [width] })` | `DistilBertForSequenceClassification` |
 * | all | `'tokens'` | `tokenClassifier` | `BertForTokenClassification` and so on |
 *
 * Any other head (on the mean, say) is in head.safetensors: `<layer>.weight` `[outputs, inputs]` and `<layer>.bias` of each
 * dense layer, with the head as JSON under `head` in its metadata, and under `reads` what it reads.
 *
 * @param model The model, or a base alone.
 * @param target In Node, the folder: a path or `file://` URL. Anywhere a store (`tfjs-transfer/stores`).
 * @param settings The tokenizer, a signal, and who is told of the progress.
 * @returns Where it was saved.
 * @throws TransferError `UNSUPPORTED` where the base is no encoder, or LoRA is not merged; `SAVE_FAILED`;
 * `INVALID_ARGUMENT` where there is no tokenizer, or nothing can save to the target.
 *
 * @example
 * ```ts
 * import { attachHead, loadBase, pipe } from 'tfjs-transfer';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { loadTokenizer, saveHuggingFace } from 'tfjs-transfer/text';
 *
 * const [base, tokenizer] = await Promise.all([loadBase('all-MiniLM-L6-v2'), loadTokenizer('all-MiniLM-L6-v2')]);
 * const model = pipe(base, attachHead(classifier(['bad', 'good'])));
 * await saveHuggingFace(model, 'tuned-minilm', { tokenizer });
 * ```
 */
export async function saveHuggingFace(
  model: Base | TransferModel,
  target: string | Store,
  settings: SaveHuggingFaceSettings,
): Promise<{ readonly location: string }> {
  if (!['base', 'transfer'].includes(kindOf(model) as string)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'saveHuggingFace received no model and no base. Pass one of these first.',
    );
  }
  assertSettings('saveHuggingFace', settings, { tokenizer: undefined, ...knownInTransfer });
  const { tokenizer } = settings;
  if (kindOf(tokenizer) !== 'tokenizer') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'saveHuggingFace received no tokenizer. Pass { tokenizer } with what loadTokenizer returns (await it first).',
    );
  }
  settings.signal?.throwIfAborted();
  const store = storeAt(target, 'The target of saveHuggingFace');
  // Who only tokenizes loads nothing of it.
  const { huggingFaceFiles } = await import('../model/encoder/hugging-face-files.ts');
  await writeFiles(
    store,
    [...tokenizer.files, ...(await huggingFaceFiles(model, tokenizer.padding))],
    settings,
    target,
  );
  return { location: store.name };
}
