import * as tf from '@tensorflow/tfjs-core';
import type { BatchSettings } from '../core/batch-settings.ts';
import type { Examples } from '../core/data.ts';
import type { LayerPath, TransferModel } from '../core/handle.ts';
import { mean } from '../core/mean.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import type { Value, Values } from '../model/execute.ts';
import { findingsOf, folderOf } from '../model/fold.ts';
import type { ValueId } from '../model/graph.ts';
import { networkBehind } from '../model/network.ts';
import { split } from '../model/split.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { breather } from '../train/breathe.ts';
import { inMemory } from '../train/feature-cache.ts';
import { cacheFeatures } from '../train/features.ts';
import { featureMaps } from '../train/keep-feature-maps.ts';
import { score } from '../train/score.ts';
import { assertExamples } from '../train/targets.ts';
import { softmax } from './softmax.ts';

/**
 * Measures how much each channel of a layer is needed: by how much the loss grows where it is 0. `delta` holds channels that
 * are needed more strongly (Li et al., 2019, equation 5). As in the published code, the growths are brought to a mean of 0 and
 * a deviation of 1 and divided by 5 before the softmax: as they are, they would all weigh the same.
 *
 * @param model The model, its head trained: `linearProbe()` does.
 * @param examples The examples, such as `data.train`; a part of them will do.
 * @param layer The layer. Default: the one whose output the head reads.
 * @param settings Batch size and signal.
 * @returns A weight for each channel, of a sum of 1. Costs one forward pass of all, and for each channel one of what lies above
 * the layer.
 * @throws TransferError `NOT_FOUND` where the base has no such layer; `INVALID_ARGUMENT`, `INVALID_DATA`, `INVALID_ORDER`, `DISPOSED`.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, delta, pipe, train } from 'tfjs-transfer';
 * import { channelWeights } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const examples = await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]);
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const layers = ['block2_pointwise_relu', 'block3_pointwise_relu'] as const;
 * const weights = [];
 * for (const layer of layers) weights.push(await channelWeights(model, examples, layer));
 * train({ epochs: 5, penalties: [delta({ layers, channelWeights: weights })] });
 * ```
 */
export async function channelWeights(
  model: TransferModel,
  examples: Examples,
  layer?: LayerPath,
  settings: BatchSettings = {},
): Promise<readonly number[]> {
  assertTransferModel(model);
  assertSettings('channelWeights', settings, { batchSize: 32, signal: undefined });
  const { batchSize = 32, signal } = settings;
  assertRange('channelWeights', wholeFrom1, { batchSize });
  const { head, inputs, lease } = model;
  assertExamples(head, examples, 'given');
  const network = networkBehind(model);
  const { graph } = network;
  const [id] = featureMaps(model, layer === undefined ? [] : [layer]) as [ValueId];
  const readers = graph.applications.filter((application) => application.inputs.includes(id));
  const divided = split(graph, new Set(readers.map(({ path }) => path)));
  const folder = folderOf(network, findingsOf(lease));
  const breathe = breather(signal);
  try {
    const plain = { ...examples, augmented: false };
    const source = {
      network,
      folder,
      values: lease.values,
      split: divided,
      examples: plain,
      inputs,
      ...(signal && { signal }),
    };
    const filling = cacheFeatures(source, 1, batchSize, inMemory);
    let next = await filling.next();
    for (; !next.done; next = await filling.next()) await breathe();
    const cache = next.value;
    const lossWithout = async (channel: number) => {
      const read = async (indices: readonly number[]) => without(await cache.read(indices, 0), id, channel);
      const where = { folder, values: lease.values, graph, split: divided };
      return (await score(where, { head, loss: head.loss }, examples, batchSize, read, breathe)).loss;
    };
    const whole = await lossWithout(-1);
    const growths: number[] = [];
    const channels = graph.values.get(id)?.shape.at(-1) as number;
    for (let channel = 0; channel < channels; channel++) growths.push((await lossWithout(channel)) - whole);
    return attention(growths);
  } finally {
    folder.dispose();
  }
}

/** The values, one of them without one of its channels; disposes what it replaces. */
function without(values: Map<ValueId, Value>, id: ValueId, channel: number): Values {
  const { tensor, mask } = values.get(id) as Value;
  const kept = Array.from({ length: tensor.shape.at(-1) as number }, (_, c) => Number(c !== channel));
  const changed = tf.tidy(() => tf.mul(tensor, tf.tensor1d(kept)));
  tensor.dispose();
  return values.set(id, { tensor: changed, mask });
}

function attention(growths: readonly number[]): number[] {
  const middle = mean(growths);
  const deviation = Math.sqrt(mean(growths.map((growth) => (growth - middle) ** 2)));
  return softmax(growths, deviation > 0 ? 1 / (5 * deviation) : 0);
}
