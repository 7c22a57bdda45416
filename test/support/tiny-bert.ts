import * as tf from '@tensorflow/tfjs-core';
import { attachHead, dispose, loadBase, pipe, type TransferModel } from 'tfjs-transfer';
import { classifier } from 'tfjs-transfer/heads';
import { golden, textFolder } from './encoders.ts';

/** tiny-bert with the classifier that the references began with. */
export async function startModel(): Promise<TransferModel> {
  const base = await loadBase(textFolder('tiny-bert'));
  const model = pipe(base, attachHead(classifier(['a', 'b', 'c'])));
  const start = await golden('test/goldens/text/tiny-bert/classifier.start.safetensors');
  // The head draws its first weights; the references have theirs in a file.
  const values = model.lease.values as Record<string, tf.Tensor>;
  const first = {
    'head_logits/kernel': tf.transpose(start['classifier.weight'] as tf.Tensor),
    'head_logits/bias': tf.clone(start['classifier.bias'] as tf.Tensor),
  };
  for (const [key, value] of Object.entries(first)) {
    values[key]?.dispose();
    values[key] = value;
  }
  tf.dispose(Object.values(start));
  dispose(base);
  return model;
}

/** Frees what {@link startModel} made: the head's weights are not those that its handle knows of. */
export function disposeStart(model: TransferModel): void {
  for (const key of ['head_logits/kernel', 'head_logits/bias']) model.lease.values[key]?.dispose();
  dispose(model);
}
