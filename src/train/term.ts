import type * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../core/optimizer.ts';
import type { Values } from '../model/execute.ts';
import type { ValueId } from '../model/graph.ts';
import type { Mixture } from './mixing.ts';

/** Which examples a batch is made of. */
export interface Rows {
  readonly indices: readonly number[];
  /** What they are mixed with, where they are. */
  readonly mixtures?: readonly Mixture[] | undefined;
}

/** What a step begins with. */
export interface Batch {
  /** The values at the frontier. */
  readonly cut: Values;
  readonly targets: tf.Tensor;
  /** The weights that differ from the network's variables. */
  readonly weights: Tensors;
}

/** What the gradient is taken through. */
export interface Seen {
  /** The weights that train. */
  readonly parameters: Tensors;
  /** The values that the term reads, by number. */
  readonly values: Values;
  /** The outputs of the head. */
  readonly outputs: tf.Tensor2D;
  /** The loss of the phase, without what is added. */
  readonly loss: tf.Scalar;
}

/** Makes the term of one batch; what serves all batches of a phase is there already. */
export type TermOf = (rows: Rows) => Term;

/** What is added to the loss of a step. Both functions run inside a tidy and dispose nothing. */
export interface Term {
  /** The values of the network that it reads: within the suffix. */
  readonly reads: readonly ValueId[];
  /** Computes what depends on nothing that trains, off the gradient's tape, and returns the term itself. */
  begin(batch: Batch): (seen: Seen) => tf.Scalar;
}
