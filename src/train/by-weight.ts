import type * as tf from '@tensorflow/tfjs-core';
import { mapRecord, type Optimizer, type OptimizerState } from '../core/optimizer.ts';

type WeightState = OptimizerState[string];

/**
 * Makes an optimizer from a rule for one weight.
 *
 * @param name What it is called.
 * @param settings What it was made with, which it carries.
 * @param start The state of a weight that has had no step.
 * @param rule The update of a weight, and its state after it.
 */
export function byWeight<Settings extends object>(
  name: string,
  settings: Settings,
  start: (parameter: tf.Tensor) => WeightState,
  rule: (
    gradient: tf.Tensor,
    state: WeightState,
    parameter: tf.Tensor,
    learningRate: number,
    momentum: number | undefined,
  ) => readonly [update: tf.Tensor, state: WeightState],
): Optimizer & Settings {
  return {
    kind: 'optimizer',
    name,
    ...settings,
    init: (parameters) => mapRecord(parameters, start),
    update(gradients, state, parameters, learningRate, momentum) {
      const results = mapRecord(gradients, (gradient, key) =>
        rule(gradient, state[key] as WeightState, parameters[key] as tf.Tensor, learningRate, momentum),
      );
      return { updates: mapRecord(results, ([update]) => update), state: mapRecord(results, ([, next]) => next) };
    },
  };
}
