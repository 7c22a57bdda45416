import * as tf from '@tensorflow/tfjs-core';
import type { Penalty } from '../core/penalties.ts';
import { outputOfBase } from './keep-feature-maps.ts';
import { asProbabilities, crossEntropy } from './losses.ts';
import type { PlannedPhase } from './plan.ts';
import type { TermOf } from './term.ts';

/** The term of `coTuning`: what the old head says of the base's output, against the old classes of the targets. */
export function askOldHead(
  { strength, relation, kernel, bias }: Extract<Penalty, { name: 'coTuning' }>,
  { model, split }: PlannedPhase,
): TermOf {
  const id = outputOfBase(model);
  // Below the frontier it has nothing to move.
  if (!split.suffix.some(({ outputs }) => outputs.includes(id))) {
    return () => ({ reads: [], begin: () => () => tf.scalar(0) });
  }
  const numbers = Float32Array.from(kernel);
  return () => ({
    reads: [id],
    begin({ targets }) {
      const wanted: tf.Tensor2D = tf.matMul(
        asProbabilities(targets, relation.length),
        tf.tensor2d(relation as number[][]),
      );
      const weights = tf.tensor2d(numbers, [numbers.length / bias.length, bias.length]);
      const constants = tf.tensor1d(bias as number[]);
      return ({ values }) => {
        const output = values.get(id)?.tensor as tf.Tensor;
        const between = output.shape.slice(1, -1).map((_, index) => index + 1);
        const features = between.length ? tf.mean<tf.Tensor2D>(output, between) : (output as tf.Tensor2D);
        const logits = tf.add(tf.matMul(features, weights), constants) as tf.Tensor2D;
        return tf.mul(crossEntropy(wanted, logits), strength) as tf.Scalar;
      };
    },
  });
}
