import * as tf from '@tensorflow/tfjs-core';
import type { LayerPath } from '../core/handle.ts';
import { randomStream } from '../core/random.ts';
import { execute, freeAfterUse, normalizeFrozen, type Override, type Values } from '../model/execute.ts';
import { type Chain, type Joined, joinChains, soleReaders } from '../model/fold-chains.ts';
import { chainWeights } from '../model/fold-weights.ts';
import type { FusedActivation } from '../model/fused-kernel.ts';
import type { Application, ValueId } from '../model/graph.ts';
import { kernelOf } from '../model/low-rank.ts';
import type { Network } from '../model/network.ts';
import { runChain } from '../model/run-chain.ts';
import type { Split } from '../model/split.ts';
import { asBatchNormalization, type Variable } from '../model/tfjs-internals.ts';
import type { Trained } from '../model/trained.ts';
import { joinResiduals, mapParts, type Widened } from '../model/widened.ts';
import { type BatchStatistics, normalizeBatch } from './batch-norm.ts';
import { type Differentiable, fusedOperation } from './fused-operation.ts';
import { applyNoise, isNoise } from './noise.ts';
import { isPoolMean, poolMean } from './pool-mean.ts';
import { widenedOperation } from './widened-operation.ts';

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
  const differentiableOf = ({ operations, normalization }: Chain, input: ValueId, position = 0): Differentiable => {
    const last = position === Math.max(0, operations.length - 1);
    const isMoved = last && isTrained(normalization?.gamma);
    const below = operations.slice(0, position).some(({ kernel }) => isTrained(kernel));
    return {
      // What crosses the frontier depends on nothing that trains.
      x: below || !cut.has(input),
      filter: isTrained(operations[position]?.kernel) || isMoved,
      bias: isMoved || (last && isTrained(operations[position]?.bias, normalization?.beta)),
    };
  };
  const override: Override = (application: Widened, tensors) => {
    const { layer, path, inferenceOnly, chain, parts, inputs, outputs } = application;
    const x = tensors[0] as tf.Tensor;
    const use = uses.get(path) ?? 0;
    uses.set(path, use + 1);
    const [read, made] = [inputs[0], outputs[0]] as [ValueId, ValueId];
    const before = slopes.get(read) || 'linear';
    const isTaken = slopes.has(made);
    if (parts) {
      const made = mapParts(parts, (part) => {
        const own = part.chain as Chain;
        const differentiable = differentiableOf(own, part.inputs[0] as ValueId);
        return { chain: own, weights: chainWeights(own), differentiable };
      });
      return widenedOperation(x, made, { before, isTaken });
    }
    if (chain) {
      return runChain(chain, x, chainWeights(chain), (call, position) => {
        const isLast = position === Math.max(0, chain.operations.length - 1);
        return fusedOperation(call, differentiableOf(chain, read, position), {
          before: position === 0 ? before : 'linear',
          isTaken: isLast && isTaken,
        });
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
  const widened = joinResiduals(applications, wanted, ({ chain, inputs }) => {
    const { x, filter, bias } = differentiableOf(chain as Chain, inputs[0] as ValueId);
    // The gradient of a bias within is a sum over all that lies there, which is never whole.
    return (x || filter) && !bias;
  });
  return execute(widened, cut, override, freeAfterUse(widened, [...cut.keys(), ...wanted]));
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
