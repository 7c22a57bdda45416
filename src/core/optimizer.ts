import type { Tensor } from '@tensorflow/tfjs-core';
import type { WeightKey } from './handle.ts';

/** Tensors by weight key: parameters, gradients, updates or moments. */
export type Tensors = Readonly<Record<WeightKey, Tensor>>;

/**
 * What an optimizer remembers, by weight key: numbers (a count of steps) and tensors of the weight's shape. As it hangs
 * on keys and not on positions, it survives unfreezing and saving.
 */
export type OptimizerState = Readonly<Record<WeightKey, Readonly<Record<string, Tensor | number>>>>;

/**
 * A pair of pure functions (as in optax): `init` makes the state of new weights, `update` turns gradients into updates
 * to add to the weights. Both are called inside `tf.tidy` and dispose nothing.
 */
export interface Optimizer {
  readonly kind: 'optimizer';
  readonly name: string;
  /** The state of weights that have had no step. */
  init(parameters: Tensors): OptimizerState;
  /**
   * The updates to add to the weights, and the state after them. Where the schedule moves the momentum, that of the step is
   * passed: it takes the place of the optimizer's own.
   */
  update(
    gradients: Tensors,
    state: OptimizerState,
    parameters: Tensors,
    learningRate: number,
    momentum?: number,
  ): { readonly updates: Tensors; readonly state: OptimizerState };
}

/** Changes every value of a record. */
export const mapRecord = <A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, key: string) => B,
): Record<string, B> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
