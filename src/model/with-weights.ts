import * as tf from '@tensorflow/tfjs-core';
import type { Base, TransferModel } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { leaseOf, networkBehind } from './network.ts';

/**
 * A handle with weights of its own.
 *
 * @param model The handle.
 * @param kept The weights of which it takes clones, but for those that are fresh.
 * @param fresh Its own from here on.
 */
export function withWeights<Model extends Base | TransferModel>(model: Model, kept: Tensors, fresh: Tensors): Model {
  const others = Object.entries(kept).filter(([key]) => !(key in fresh));
  const clones = others.map(([key, value]) => [key, tf.clone(value)] as const);
  return Object.freeze({
    ...model,
    lease: leaseOf(networkBehind(model), { ...Object.fromEntries(clones), ...fresh }),
  } as Model) as Model;
}
