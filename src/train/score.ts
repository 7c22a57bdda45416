import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { type Head, hasClasses } from '../core/head.ts';
import type { Loss } from '../core/loss.ts';
import type { Tensors } from '../core/optimizer.ts';
import { type Outcome, type Target, taskOf } from '../core/outcome.ts';
import { download } from '../model/device.ts';
import { disposeValues, type Value, type Values } from '../model/execute.ts';
import type { Folder } from '../model/fold.ts';
import type { Graph } from '../model/graph.ts';
import type { Split } from '../model/split.ts';
import { tidy } from '../model/tidy.ts';
import { lossOf } from './losses.ts';
import { targetTensor } from './targets.ts';

/** Turns a head's outputs to what it predicts: softmax or sigmoid of logits, values in regression. */
export function activate(head: Head, outputs: tf.Tensor): tf.Tensor {
  if (hasClasses(head.task)) return tf.softmax(outputs);
  return head.task === 'multiLabel' ? tf.sigmoid(outputs) : tf.clone(outputs);
}

/** What is scored. */
interface Where {
  readonly folder: Folder;
  /** The weights that differ from the network's variables. */
  readonly values: Tensors;
  readonly graph: Graph;
  readonly split: Split;
}

/**
 * Runs examples through the suffix in inference mode.
 *
 * @param where The network, its weights, and where it is divided.
 * @param head The head.
 * @param loss The loss to compute.
 * @param examples The examples.
 * @param batchSize Examples at a time.
 * @param features The values at the frontier of a batch; disposed here.
 * @param between Called between batches, to yield to the event loop; it may throw to stop.
 * @returns The mean loss, and scores and targets for metrics: one of each for an example, or for a token that has a label.
 */
export async function score(
  { folder, values, graph, split }: Where,
  { head, loss }: { readonly head: Head; readonly loss: Loss },
  examples: Examples,
  batchSize: number,
  features: (indices: readonly number[]) => Values | Promise<Values>,
  between: () => Promise<void> = async () => {},
): Promise<{ readonly loss: number; readonly outcome: Outcome }> {
  const scores: Float32Array[] = [];
  const isOfTokens = head.task === 'tokenClassification';
  const answers: Target[] = [];
  let total = 0;
  for (let from = 0; from < examples.size; from += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, examples.size - from) }, (_, i) => from + i);
    const cut = await features(indices);
    const asked = indices.map((index) => examples.targets[index] as Target);
    const targets = targetTensor(head, asked);
    let computed: readonly Value[] = [];
    let result: { readonly loss: tf.Scalar; readonly scores: tf.Tensor } | undefined;
    try {
      computed = await folder.infer(values, split.suffix, cut, graph.outputs);
      const outputs = computed[0]?.tensor as tf.Tensor;
      result = tidy(() => ({ loss: lossOf(loss, outputs, targets), scores: activate(head, outputs) }));
      const numbers = (await download(result.scores)) as Float32Array;
      const width = head.labels.length;
      let counted = 0;
      for (const [row, target] of (isOfTokens ? (asked as number[][]).flat() : asked).entries()) {
        if (isOfTokens && target === -1) continue;
        scores.push(numbers.slice(row * width, (row + 1) * width));
        answers.push(target);
        counted++;
      }
      total += ((await download(result.loss))[0] as number) * counted;
    } finally {
      disposeValues([...cut.values(), ...computed]);
      tf.dispose([targets, ...(result ? [result.loss, result.scores] : [])]);
    }
    await between();
  }
  return {
    loss: total / Math.max(1, answers.length),
    outcome: { task: taskOf(head), labels: head.labels, scores, targets: answers },
  };
}
