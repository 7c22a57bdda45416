import * as tf from '@tensorflow/tfjs-core';
import type { TransferModel, WeightKey } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import type { Penalty } from '../core/penalties.ts';
import { networkBehind } from '../model/network.ts';
import { tensorOf } from '../model/weights.ts';
import { askOldHead } from './ask-old-head.ts';
import { followTeacher } from './follow-teacher.ts';
import { keepFeatureMaps } from './keep-feature-maps.ts';
import type { PlannedPhase } from './plan.ts';
import type { TermOf } from './term.ts';
import { total } from './total.ts';

/**
 * The weights and statistics of the base that penalties of a strategy hold on to, as they are before the run. Clones, which
 * share their numbers; the caller disposes them.
 *
 * @param planned The phases.
 * @param values The weights before the run that differ from the network's variables.
 */
export function startingPoints(planned: readonly PlannedPhase[], values: Tensors): Tensors {
  // All that any phase moves: what a phase before moved is not what the base began with.
  const held = planned.some(({ phase }) => phase.penalties?.length) ? planned : [];
  const points: Record<WeightKey, tf.Tensor> = {};
  for (const { model, trained } of held) {
    const { variables } = networkBehind(model);
    for (const { key, path } of weightsOfBase(model)) {
      if (trained.layers.has(path)) points[key] ??= tf.clone(tensorOf(variables, values, key));
    }
  }
  return points;
}

/**
 * The penalties of a phase as terms of its loss.
 *
 * @param planned The phase.
 * @param start What its base's weights were before the run.
 */
export function penaltiesOf(planned: PlannedPhase, start: Tensors): readonly TermOf[] {
  return (planned.phase.penalties ?? []).map((penalty) => termOf(penalty, planned, start));
}

function termOf(penalty: Penalty, planned: PlannedPhase, start: Tensors): TermOf {
  switch (penalty.name) {
    case 'l2SP':
      return holdWeights(penalty, planned, start);
    case 'delta':
      return keepFeatureMaps(penalty, planned, start);
    case 'coTuning':
      return askOldHead(penalty, planned);
    case 'distillation':
      return followTeacher(penalty);
  }
}

function holdWeights(
  { alpha, beta }: Extract<Penalty, { name: 'l2SP' }>,
  { model }: PlannedPhase,
  start: Tensors,
): TermOf {
  const base = new Set(weightsOfBase(model).map(({ key }) => key));
  return () => ({
    reads: [],
    begin:
      () =>
      ({ parameters }) =>
        total(
          Object.entries(parameters).map(([key, weight]) => {
            const isBase = base.has(key);
            const distance = isBase ? tf.sub(weight, start[key] as tf.Tensor) : weight;
            return tf.mul(tf.sum<tf.Scalar>(tf.square(distance)), (isBase ? alpha : beta) / 2) as tf.Scalar;
          }),
        ),
  });
}

const weightsOfBase = ({ layers }: TransferModel) =>
  layers.flatMap(({ part, path, weights }) => (part === 'base' ? weights.map(({ key }) => ({ key, path })) : []));
