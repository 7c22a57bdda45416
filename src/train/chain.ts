import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { kindOf } from '../core/kind-of.ts';
import { mapRecord, type Optimizer, type OptimizerState, type Tensors } from '../core/optimizer.ts';
import { above0, assertRange } from '../core/ranges.ts';
import { textOf } from '../core/settings.ts';
import { globalNorm } from './global-norm.ts';

/**
 * Scales all gradients down together so that their norm is at most a bound (Pascanu et al., 2013, algorithm 1):
 * `g min(1, bound / (norm + 1e-6))`, as PyTorch's `clip_grad_norm_`.
 *
 * @param maximum The bound on the square root of the sum of all squares, above 0.
 * @returns An optimizer to put before another one with {@link chain}.
 * @throws TransferError `INVALID_ARGUMENT` for another bound.
 *
 * @example
 * ```ts
 * import { adamw, chain, clipByGlobalNorm, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: chain(clipByGlobalNorm(1), adamw()) });
 * ```
 */
export function clipByGlobalNorm(maximum: number): Optimizer & { readonly maximum: number } {
  assertRange('clipByGlobalNorm', above0, { maximum });
  return {
    kind: 'optimizer',
    name: 'clipByGlobalNorm',
    maximum,
    init: () => ({}),
    update(gradients, state) {
      const factor = tf.minimum(1, tf.div(maximum, tf.add(globalNorm(gradients), 1e-6)));
      return { updates: mapRecord(gradients, (gradient) => tf.mul(gradient, factor)), state };
    },
  };
}

/**
 * Optimizers one after the other: each turns the updates of the one before it into its own.
 *
 * @param optimizers The optimizers, the one that applies the learning rate last.
 * @returns The optimizer.
 * @throws TransferError `INVALID_ARGUMENT` where one of them is none, or there is none.
 *
 * @example
 * ```ts
 * import { chain, clipByGlobalNorm, sgd, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, learningRate: 0.1, optimizer: chain(clipByGlobalNorm(1), sgd()) });
 * ```
 */
export function chain(...optimizers: readonly Optimizer[]): Optimizer & { readonly optimizers: readonly Optimizer[] } {
  const odd = optimizers.findIndex((one) => kindOf(one) !== 'optimizer');
  if (odd >= 0 || optimizers.length === 0) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `chain received ${textOf(optimizers[odd])}. Pass optimizers: chain(clipByGlobalNorm(1), adamw()).`,
    );
  }
  // Each part's fields are kept under the part's position, so that two parts with a field of one name do not meet.
  const own = (state: OptimizerState, part: number): OptimizerState =>
    mapRecord(state, (fields) =>
      Object.fromEntries(
        Object.entries(fields)
          .filter(([field]) => field.startsWith(`${part}.`))
          .map(([field, value]) => [field.slice(`${part}.`.length), value]),
      ),
    );
  // Of the weights that have a gradient alone: a part may pass on what it was given, which says nothing of the others.
  const merge = (weights: Tensors, states: readonly OptimizerState[]): OptimizerState =>
    mapRecord(weights, (_, key) =>
      Object.fromEntries(
        states.flatMap((state, part) =>
          Object.entries(state[key] ?? {}).map(([field, value]) => [`${part}.${field}`, value]),
        ),
      ),
    );
  return {
    kind: 'optimizer',
    name: 'chain',
    optimizers,
    init: (parameters) =>
      merge(
        parameters,
        optimizers.map((optimizer) => optimizer.init(parameters)),
      ),
    update(gradients, state, parameters, learningRate, momentum) {
      let updates = gradients;
      const states = optimizers.map((optimizer, part) => {
        const step = optimizer.update(updates, own(state, part), parameters, learningRate, momentum);
        updates = step.updates;
        return step.state;
      });
      return { updates, state: merge(gradients, states) };
    },
  };
}
