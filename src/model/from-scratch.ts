import * as tf from '@tensorflow/tfjs-core';
import type { TransferModel, WeightInfo } from '../core/handle.ts';
import { normal, randomStream } from '../core/random.ts';
import { heKernel } from './he-kernel.ts';
import { withoutUpdates } from './low-rank.ts';
import { leaseOf, networkBehind } from './network.ts';
import { assertTransferModel } from './transfer-model.ts';

/**
 * The same network with random weights: what a transfer is compared with. Kernels are drawn as He et al. (2015, equation
 * 10) draw them, biases and offsets are 0, factors of normalisations 1, moving statistics 0 and 1. Updates of {@link lora} are left out.
 *
 * @param model The model.
 * @param seed The seed of the weights. Default: 0.
 * @returns A model of its own, head included, with the same settings; the caller disposes it. Training all of it takes
 * `sequence(unfreeze(), batchNorm('train'), train(...))`.
 * @throws TransferError `INVALID_ORDER` for a base without a head; `DISPOSED`.
 *
 * @example
 * ```ts
 * import { attachHead, fromScratch, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * const other = fromScratch(model, 7);
 * console.log(other.head.labels); // ['cat', 'dog']
 * ```
 */
export function fromScratch(model: TransferModel, seed = 0): TransferModel {
  assertTransferModel(model);
  const network = networkBehind(model);
  const layers = withoutUpdates(model.layers);
  const values = Object.fromEntries(
    layers
      .flatMap(({ weights }) => weights)
      .map((weight) => [weight.key, tf.tensor(drawn(weight, seed), [...weight.shape])]),
  );
  return Object.freeze({ ...model, layers, lease: leaseOf(network, values) });
}

function drawn(weight: WeightInfo, seed: number): Float32Array {
  const { key, shape, role } = weight;
  const size = tf.util.sizeFromShape([...shape]);
  const isOne = /(gamma|variance)(_\d+)?$/.test(key);
  if (role !== 'parameter' || shape.length < 2 || isOne) return new Float32Array(size).fill(isOne ? 1 : 0);
  const random = randomStream(seed, 'scratch', key);
  // An Embedding has a row for each word: its numbers are no sums, and begin small.
  const isTable = /embeddings?(_\d+)?$/.test(key);
  return isTable ? Float32Array.from({ length: size }, () => normal(random) * 0.05) : heKernel(weight, random);
}
