import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { canBeLost, download, lostOr } from '../model/device.ts';
import { disposeValues, type Value } from '../model/execute.ts';
import { findingsOf, folderOf, runLayers } from '../model/fold.ts';
import { assertIds } from '../model/id-limits.ts';
import { networkBehind } from '../model/network.ts';
import { type Picture, toInput } from '../model/picture.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { withWeights } from '../model/with-weights.ts';
import { allFinite } from './finite.ts';
import { type PredictInput, predictInputs } from './predict-inputs.ts';
import { activate } from './score.ts';

/** One label of a prediction: the best first. */
export interface Prediction {
  readonly label: string;
  /** The probability of the label; in regression the value of the output. */
  readonly score: number;
}

/** Settings of {@link predict}. */
export interface PredictSettings {
  /** How many labels to return, the most probable first. Default: all; in regression always all, in their order. */
  readonly topK?: number;
}

/**
 * Predicts one example. Decoding, resizing and scaling are the model's own.
 *
 * @param model The model.
 * @param input A picture (in Node a path or encoded bytes; in a browser a canvas, image, video, ImageData or Blob), or a
 * tensor or array of the input's shape, with pixels from 0 to 255. Of an encoder of text, what
 * `tokenizer.encode(text)` returns. Of another model with several inputs, an array with one for each.
 * @param settings How many labels.
 * @returns Labels and scores, by falling score. What tensors it makes, it frees.
 * @throws TransferError `INVALID_ARGUMENT` where the head labels tokens or `topK` is no whole number from 1; `INVALID_ORDER` for what
 * is no model; `INVALID_DATA` where the picture cannot be read, the shape is another or a number is NaN or Infinity;
 * `NOT_FOUND`; `NOT_FINITE` where the model answers NaN or Infinity; `PACKAGE_MISSING` where Node lacks sharp; `DEVICE_LOST`;
 * `DISPOSED`.
 *
 * @example
 * ```ts
 * import { attachHead, pipe, predict } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['rose', 'tulip'])));
 * const [best] = await predict(model, 'rose.jpg', { topK: 1 });
 * console.log(best?.label, best?.score);
 * ```
 */
export async function predict(
  model: TransferModel,
  input: PredictInput,
  settings: PredictSettings = {},
): Promise<Prediction[]> {
  assertTransferModel(model);
  assertSettings('predict', settings, { topK: 3 });
  const { topK = 1 } = settings;
  assertRange('predict', wholeFrom1, { topK });
  const network = networkBehind(model);
  const { graph } = network;
  const { head, inputs } = model;
  if (head.task === 'tokenClassification') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `predict: the head "${head.name}" has an answer for each token. Call labelWords(model, words, tokenizer) of tfjs-transfer/text.`,
    );
  }
  const given = predictInputs(input, inputs);
  const tensors: tf.Tensor[] = [];
  let outputs: readonly Value[] = [];
  // Of its own: the caller may dispose the model meanwhile.
  const { lease } = withWeights(model, model.lease.values, {});
  // A graphics processor starts more kernels to fold than it saves for one example, and compiles those of both ways.
  const folder = canBeLost() ? undefined : folderOf(network, findingsOf(model.lease));
  try {
    for (const [index, specification] of inputs.entries())
      tensors.push(await toInput(given[index] as Picture, specification));
    for (const tensor of tensors) {
      if (allFinite(await download(tensor))) continue;
      throw new TransferError('INVALID_DATA', 'predict: the input holds NaN or Infinity. Repair its values.');
    }
    await assertIds(graph, tensors, () => 'predict: the input');
    const values = new Map<number, Value>(
      graph.inputs.map((id, index) => [id, { tensor: tensors[index] as tf.Tensor, mask: null }]),
    );
    const of = [lease.values, graph.applications, values, graph.outputs] as const;
    outputs = folder ? await folder.infer(...of) : runLayers(network, ...of);
    const scores = activate(head, outputs[0]?.tensor as tf.Tensor);
    const numbers = await download(scores).finally(() => scores.dispose());
    if (!allFinite(numbers)) {
      throw new TransferError(
        'NOT_FINITE',
        'predict: the model answers NaN or Infinity. Check the input and the weights.',
      );
    }
    const predictions = head.labels.map((label, index) => ({ label, score: numbers[index] as number }));
    if (head.task === 'regression') return predictions;
    return predictions.sort((a, b) => b.score - a.score).slice(0, settings.topK ?? predictions.length);
  } catch (error) {
    throw await lostOr(error);
  } finally {
    folder?.dispose();
    lease.dispose();
    disposeValues(outputs);
    tf.dispose(tensors);
  }
}
