import * as tf from '@tensorflow/tfjs-core';
import type { WeightKey } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { networkBehind } from '../model/network.ts';
import { tensorOf } from '../model/weights.ts';
import type { PlannedPhase } from './plan.ts';
import { total } from './total.ts';

/**
 * The weights of the base that penalties of a strategy hold on to, as they are before the run. Clones, which share their
 * numbers; the caller disposes them.
 *
 * @param planned The phases.
 * @param values The weights before the run that differ from the network's variables.
 */
export function startingPoints(planned: readonly PlannedPhase[], values: Tensors): Tensors {
  const held = planned.filter(({ phase }) => phase.penalties?.length);
  const points: Record<WeightKey, tf.Tensor> = {};
  for (const { model, trained } of held) {
    const { variables } = networkBehind(model);
    const base = baseKeys(model);
    for (const key of trained.keys) {
      if (base.has(key)) points[key] ??= tf.clone(tensorOf(variables, values, key));
    }
  }
  return points;
}

/**
 * The penalties of a phase as functions of the weights that train.
 *
 * @param planned The phase.
 * @param start What its base's weights were before the run.
 */
export function penaltiesOf({ phase }: PlannedPhase, start: Tensors): ((parameters: Tensors) => tf.Scalar)[] {
  return (phase.penalties ?? []).map(({ alpha, beta }) => (parameters) => {
    const terms = Object.entries(parameters).map(([key, weight]) => {
      const point = start[key];
      const distance = point ? tf.sub(weight, point) : weight;
      return tf.mul(tf.sum<tf.Scalar>(tf.square(distance)), (point ? alpha : beta) / 2) as tf.Scalar;
    });
    return total(terms);
  });
}

const baseKeys = ({ layers }: PlannedPhase['model']): ReadonlySet<WeightKey> =>
  new Set(layers.flatMap(({ part, weights }) => (part === 'base' ? weights.map(({ key }) => key) : [])));
