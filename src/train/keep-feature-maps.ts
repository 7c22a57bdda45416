import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import type { Penalty } from '../core/penalties.ts';
import { infer, type Override } from '../model/execute.ts';
import { type Joined, joinChains } from '../model/fold-chains.ts';
import { chainWeights } from '../model/fold-weights.ts';
import { upstream, type ValueId } from '../model/graph.ts';
import { networkBehind } from '../model/network.ts';
import { runChain } from '../model/run-chain.ts';
import { withValues } from '../model/weights.ts';
import type { PlannedPhase } from './plan.ts';
import type { TermOf } from './term.ts';
import { total } from './total.ts';

/**
 * The value that the head of a model reads.
 *
 * @param model The model.
 */
export function outputOfBase(model: TransferModel): ValueId {
  const head = new Set(model.layers.filter(({ part }) => part === 'head').map(({ path }) => path));
  const first = networkBehind(model).graph.applications.find(({ path }) => head.has(path));
  return first?.inputs[0] as ValueId;
}

/**
 * The values that `delta` compares.
 *
 * @param model The model.
 * @param layers The layers; where there are none, the output of the base.
 * @throws TransferError `NOT_FOUND` where the base has no such layer.
 */
export function featureMaps(model: TransferModel, layers: readonly string[]): readonly ValueId[] {
  if (layers.length === 0) return [outputOfBase(model)];
  return layers.map((layer) => {
    const found = networkBehind(model).graph.applications.findLast(({ path }) => path === layer);
    if (found) return found.outputs[0] as ValueId;
    const paths = model.layers.filter(({ part }) => part === 'base').map(({ path }) => path);
    throw new TransferError(
      'NOT_FOUND',
      `'${layer}' is no layer of the base. Its last layers are ${paths.slice(-5).join(', ')}. Pass one of its layers.`,
    );
  });
}

/** The term of `delta`: its reference is computed from the same values at the frontier, with the weights of the start. */
export function keepFeatureMaps(
  { alpha, layers, channelWeights }: Extract<Penalty, { name: 'delta' }>,
  { model, split }: PlannedPhase,
  start: Tensors,
): TermOf {
  const { graph, variables } = networkBehind(model);
  const moved = new Set(split.suffix.flatMap(({ outputs }) => outputs));
  const maps = featureMaps(model, layers).map((id, index) => ({ id, attention: channelWeights[index] }));
  const compared = maps.filter(({ id }) => moved.has(id));
  const reads = compared.map(({ id }) => id);
  const needed = upstream(split.suffix, reads, new Set(split.cut)).applications;
  const fused: Override = ({ chain }: Joined, [input]) =>
    chain && runChain(chain, input as tf.Tensor, chainWeights(chain));
  return () => ({
    reads,
    begin({ cut, weights }) {
      const before = withValues(variables, { ...weights, ...start }, () =>
        infer(joinChains(graph, needed, reads), cut, reads, fused),
      );
      return ({ values }) =>
        total(
          compared.map(({ id, attention }, index) => {
            const [now, then] = [values.get(id)?.tensor, before[index]?.tensor] as [tf.Tensor, tf.Tensor];
            const squares = tf.square(tf.sub(now, then));
            const weighted = attention
              ? tf.mul(squares, tf.tensor1d(attention.map((weight) => weight * attention.length)))
              : squares;
            return tf.mul(tf.mean(tf.sum(weighted, -1)), alpha / 2) as tf.Scalar;
          }),
        );
    },
  });
}
