import * as tf from '@tensorflow/tfjs-core';
import type { LayerPath, WeightKey } from '../core/handle.ts';
import type { Loss } from '../core/loss.ts';
import type { Optimizer, OptimizerState, Tensors } from '../core/optimizer.ts';
import type { Values } from '../model/execute.ts';
import type { Graph } from '../model/graph.ts';
import type { Network } from '../model/network.ts';
import type { Split } from '../model/split.ts';
import { asBatchNormalization, type BatchNormalization, innerLayers, type Layer } from '../model/tfjs-internals.ts';
import { tidy } from '../model/tidy.ts';
import type { Trained } from '../model/trained.ts';
import { layersOf, tensorOf, weightsOf, withValues } from '../model/weights.ts';
import { moveStatistic } from './batch-norm.ts';
import { forward, type SeenStatistics } from './forward.ts';
import { freeTape } from './free-tape.ts';
import { globalNorm } from './global-norm.ts';
import { lossOf } from './losses.ts';
import type { Term } from './term.ts';
import { total } from './total.ts';

/** What stays the same over the steps of a phase. */
export interface StepPlan {
  readonly network: Network;
  readonly split: Split;
  readonly trained: Trained;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Factors on the update of each trained weight. */
  readonly factors: Readonly<Record<WeightKey, number>>;
  /** What is added to the loss. */
  readonly penalties: readonly Term[];
}

/** How far a step goes. */
export interface Pace {
  readonly learningRate: number;
  /** The momentum, where the schedule moves it. */
  readonly momentum: number | undefined;
}

/** What a step changes. */
export interface StepResult {
  readonly loss: tf.Scalar;
  readonly gradientNorm: tf.Scalar;
  /** New values of every weight and moving statistic that changed. */
  readonly values: Tensors;
  readonly state: OptimizerState;
}

/**
 * One step of training: a pure function of its arguments, run synchronously. The caller disposes the result.
 *
 * @param plan What the phase keeps.
 * @param values All weights that differ from the network's variables, the trained ones included.
 * @param state The optimizer's state, with an entry for each trained weight.
 * @param cut The values at the frontier, with their masks.
 * @param targets The targets of the batch.
 * @param pace The rate of this step, and its momentum.
 * @param seed The key of the random numbers of this step.
 */
export function trainStep(
  plan: StepPlan,
  values: Tensors,
  state: OptimizerState,
  cut: Values,
  targets: tf.Tensor,
  { learningRate, momentum }: Pace,
  seed: readonly (string | number)[],
): StepResult {
  const { network, trained, optimizer, factors } = plan;
  const statistics: SeenStatistics[] = [];
  try {
    return tidy(step);
  } catch (error) {
    freeTape();
    throw error;
  } finally {
    for (const { batch } of statistics) tf.dispose([batch.mean, batch.variance]);
  }

  function step(): StepResult {
    const parameters = Object.fromEntries(
      trained.keys.map((key) => [key, tensorOf(network.variables, values, key)] as const),
    );
    const reads = plan.penalties.flatMap((penalty) => penalty.reads);
    const terms = plan.penalties.map((penalty) => penalty.begin({ cut, targets, weights: values }));
    const lossAt = (...current: tf.Tensor[]) => {
      const now = Object.fromEntries(trained.keys.map((key, i) => [key, current[i] as tf.Tensor]));
      return withValues(network.variables, { ...values, ...now }, () => {
        const computed = forward(plan, cut, seed, statistics, reads);
        const outputs = computed.get(network.graph.outputs[0] as number)?.tensor as tf.Tensor2D;
        const loss = lossOf(plan.loss, outputs, targets);
        const penalties = terms.map((term) => term({ parameters: now, values: computed, outputs, loss }));
        const regularizers = regularization(network.graph, trained.layers);
        return total([loss, ...regularizers, ...penalties]);
      });
    };
    const { value: loss, grads } = tf.valueAndGrads(lossAt)(Object.values(parameters));
    const gradients = Object.fromEntries(trained.keys.map((key, i) => [key, grads[i] as tf.Tensor]));
    const { updates, state: next } = optimizer.update(gradients, state, parameters, learningRate, momentum);
    const moved = Object.fromEntries(
      trained.keys.map((key): readonly [WeightKey, tf.Tensor] => {
        const [update, factor = 1] = [updates[key] as tf.Tensor, factors[key]];
        const added = tf.add(parameters[key] as tf.Tensor, factor === 1 ? update : tf.mul(update, factor));
        // Constraints run here, after the update, and nowhere else: tfjs runs them at every write (trap T20).
        return [key, network.variables.get(key)?.constraint?.apply(added) ?? added];
      }),
    );
    return {
      loss: loss as tf.Scalar,
      gradientNorm: globalNorm(gradients),
      values: { ...moved, ...movedStatistics(network, values, statistics) },
      state: { ...state, ...next },
    };
  }
}

function regularization(graph: Graph, trained: ReadonlySet<LayerPath>): tf.Scalar[] {
  return layersOf(graph)
    .filter(({ path }) => trained.has(path))
    .flatMap(({ layer }) => [layer, ...innerLayers(layer)])
    .flatMap((layer: Layer) => layer.calculateLosses());
}

/** Moves the statistics of each BatchNormalization once for each of its uses, in order. */
function movedStatistics(network: Network, values: Tensors, statistics: readonly SeenStatistics[]): Tensors {
  const layers = new Map(layersOf(network.graph).map(({ layer, path }) => [path, layer]));
  const moved: Record<WeightKey, tf.Tensor> = {};
  for (const { path, batch } of statistics) {
    const layer = layers.get(path) as Layer;
    const { movingMean, momentum } = asBatchNormalization(layer) as BatchNormalization;
    for (const { info, variable } of weightsOf(layer, path)) {
      if (info.role !== 'statistic') continue;
      const old = moved[info.key] ?? tensorOf(network.variables, values, info.key);
      moved[info.key] = moveStatistic(old, variable === movingMean ? batch.mean : batch.variance, momentum);
    }
  }
  return moved;
}
