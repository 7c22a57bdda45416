import * as tf from '@tensorflow/tfjs-core';
import type { LayerPath } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { disposeValues, type Values } from '../model/execute.ts';
import { asBatchNormalization } from '../model/tfjs-internals.ts';
import { tidy } from '../model/tidy.ts';
import { layersOf, weightsOf, withValues } from '../model/weights.ts';
import { forward, type SeenStatistics } from './forward.ts';
import type { StepPlan } from './step.ts';

/** Reads the values at the frontier of some examples of the training split; they are the caller's. */
export type ReadBatch = (indices: readonly number[]) => Promise<Values>;

/**
 * The statistics of BatchNormalization that weights bring about: the mean over all examples of what each batch has, in one
 * pass in training mode (PyTorch's `update_bn`; Izmailov et al., 2018, section 3.2).
 *
 * @param plan The phase.
 * @param values All weights that differ from the network's variables.
 * @param batches The training split, in batches.
 * @param read Reads a batch.
 * @param seed The key of the random numbers of dropout and noise.
 * @param pause Called between batches; it throws where the run is aborted.
 * @returns The moving statistics by key, owned by the caller.
 */
export async function statisticsOf(
  plan: StepPlan,
  values: Tensors,
  batches: readonly (readonly number[])[],
  read: ReadBatch,
  seed: readonly (string | number)[],
  pause: () => Promise<void>,
): Promise<Tensors> {
  const { network } = plan;
  const sums = new Map<
    LayerPath,
    { readonly mean: tf.Tensor; readonly variance: tf.Tensor; readonly weight: number }
  >();
  try {
    for (const [number, batch] of batches.entries()) {
      await pause();
      const cut = await read(batch);
      const seen: SeenStatistics[] = [];
      try {
        tidy(() => {
          withValues(network.variables, values, () => forward(plan, cut, [...seed, number], seen));
        });
        for (const { path, batch: own } of seen) {
          const sum = sums.get(path);
          const added = (name: 'mean' | 'variance') =>
            tf.tidy(() => {
              const term = tf.mul(own[name], batch.length);
              return sum ? tf.add(sum[name], term) : term;
            });
          sums.set(path, {
            mean: added('mean'),
            variance: added('variance'),
            weight: (sum?.weight ?? 0) + batch.length,
          });
          if (sum) tf.dispose([sum.mean, sum.variance]);
        }
      } finally {
        tf.dispose(seen.map(({ batch: own }) => [own.mean, own.variance]));
        disposeValues(cut.values());
      }
    }
    return Object.fromEntries(
      layersOf(network.graph).flatMap(({ layer, path }) => {
        const sum = sums.get(path);
        const movingMean = asBatchNormalization(layer)?.movingMean;
        const statistics = sum ? weightsOf(layer, path).filter(({ info }) => info.role === 'statistic') : [];
        return statistics.map(({ info, variable }) => {
          const { mean, variance, weight } = sum as NonNullable<typeof sum>;
          return [info.key, tf.div(variable === movingMean ? mean : variance, weight)];
        });
      }),
    );
  } finally {
    tf.dispose([...sums.values()].flatMap(({ mean, variance }) => [mean, variance]));
  }
}
