import * as tf from '@tensorflow/tfjs-core';
import type { LayerPath } from '../core/handle.ts';
import { randomStream } from '../core/random.ts';
import { execute, freeAfterUse, normalizeFrozen, type Override, type Values } from '../model/execute.ts';
import { type Joined, joinChains, soleReaders } from '../model/fold-chains.ts';
import { chainWeights } from '../model/fold-weights.ts';
import type { FusedActivation } from '../model/fused-kernel.ts';
import type { Application, ValueId } from '../model/graph.ts';
import { kernelOf } from '../model/low-rank.ts';
import type { Network } from '../model/network.ts';
import { runChain } from '../model/run-chain.ts';
import type { Split } from '../model/split.ts';
import { asBatchNormalization, type Variable } from '../model/tfjs-internals.ts';
import type { Trained } from '../model/trained.ts';
import { type BatchStatistics, normalizeBatch } from './batch-norm.ts';
import { fusedOperation } from './fused-operation.ts';
import { applyNoise, isNoise } from './noise.ts';
import { isPoolMean, poolMean } from './pool-mean.ts';

/** The statistics of a batch that a BatchNormalization saw. */
export interface SeenStatistics {
  readonly path: LayerPath;
  readonly batch: BatchStatistics;
}

/**
 * Runs the suffix in training mode. Frozen BatchNormalization scales the kernel before it, which is small, instead of what
 * the kernel gives, which is large; gradients reach the kernel through the product.
 *
 * @param plan The network, where it is divided, and what trains.
 * @param cut The values at the frontier.
 * @param seed The key of the random numbers.
 * @param statistics Where to put what layers see that use the statistics of the batch; the caller disposes them.
 * @param reads Further values to compute.
 * @returns The values: the outputs of the head, and those that are read.
 */
export function forward(
  { network, split, trained }: { readonly network: Network; readonly split: Split; readonly trained: Trained },
  cut: Values,
  seed: readonly (string | number)[],
  statistics: SeenStatistics[],
  reads: readonly ValueId[] = [],
): Values {
  const { graph, variables } = network;
  const moving = new Set(trained.keys.map((key) => variables.get(kernelOf(key))));
  const isTrained = (...some: readonly (Variable | null | undefined)[]) => some.some((one) => one && moving.has(one));
  const isConstant = ({ path, inferenceOnly }: Application) => inferenceOnly || !trained.batchStatistics.has(path);
  const uses = new Map<LayerPath, number>();
  const override: Override = (application: Joined, tensors) => {
    const { layer, path, inferenceOnly, chain, inputs, outputs } = application;
    const x = tensors[0] as tf.Tensor;
    const use = uses.get(path) ?? 0;
    uses.set(path, use + 1);
    if (chain) {
      const { operations, normalization } = chain;
      const isMoved = isTrained(normalization?.gamma);
      return runChain(chain, x, chainWeights(chain), (call, position) => {
        const last = position === Math.max(0, operations.length - 1);
        const below = operations.slice(0, position).some(({ kernel }) => isTrained(kernel));
        const differentiable = {
          // What crosses the frontier depends on nothing that trains.
          x: below || !cut.has(inputs[0] as number),
          filter: isTrained(operations[position]?.kernel) || (last && isMoved),
          bias: last && (isMoved || isTrained(operations[position]?.bias, normalization?.beta)),
        };
        const before = (position === 0 && slopes.get(inputs[0] as ValueId)) || 'linear';
        return fusedOperation(call, differentiable, { before, isTaken: last && slopes.has(outputs[0] as ValueId) });
      });
    }
    if (!inferenceOnly && isNoise(layer)) return applyNoise(layer, tensors, randomStream(...seed, path, use));
    if (isPoolMean(layer)) return poolMean(x);
    const normalization = asBatchNormalization(layer);
    if (!normalization) return undefined;
    if (isConstant(application)) return normalizeFrozen(normalization, x);
    const { output, statistics: batch } = normalizeBatch(normalization, x);
    // Kept, as the gradient's own scope ends before they are read.
    statistics.push({ path, batch: { mean: tf.keep(batch.mean), variance: tf.keep(batch.variance) } });
    return output;
  };
  const wanted = [...graph.outputs, ...reads];
  const applications = joinChains(graph, split.suffix, wanted, isConstant);
  const slopes = slopesOf(applications, wanted);
  return execute(applications, cut, override, freeAfterUse(applications, [...cut.keys(), ...wanted]));
}

/**
 * The activations that the one reader of what they make takes gradients through, by what they make: it has that at hand.
 */
function slopesOf(applications: readonly Joined[], wanted: readonly ValueId[]): Map<ValueId, FusedActivation> {
  const readers = soleReaders(applications, wanted);
  return new Map(
    applications.flatMap(({ outputs, chain }) => {
      const [output] = outputs as [ValueId];
      const reader = readers.get(output)?.chain;
      const takes = reader?.channels === 'last' && reader.operations.length > 0;
      return takes && chain?.channels === 'last' && chain.activation !== 'linear' ? [[output, chain.activation]] : [];
    }),
  );
}
