import * as tf from '@tensorflow/tfjs-core';
import type { AverageRule } from '../core/averages.ts';
import type { Tensors } from '../core/optimizer.ts';
import { canBeLost, isLost, remember } from '../model/device.ts';
import { tidy } from '../model/tidy.ts';
import { averageRule } from './average-rule.ts';
import type { PlannedPhase } from './plan.ts';
import { cloneTensors, type RunState } from './run-state.ts';

/** The average of the weights of a phase, beside those that train. */
export interface Averaging {
  /** Takes in the weights as they are, where it is their turn. */
  take(each: AverageRule['each'], epoch: number): void;
  /** Gets the average ready to be looked at, at the end of an epoch; `compute` makes the moving statistics of weights. */
  settle(compute: (values: Tensors) => Promise<Tensors>): Promise<void>;
  /** All weights of the run as validation sees them; they stay whose they are. */
  seen(): Tensors;
  /** The same as clones, which the phase ends with; undefined where nothing was averaged. */
  left(): Tensors | undefined;
  dispose(): void;
}

/**
 * Averages the weights of a phase, where one of its callbacks says so.
 *
 * @param state The run.
 * @param planned The phase.
 */
export function averagingOf(state: RunState, { phase, trained }: PlannedPhase): Averaging {
  const rule = averageRule(phase);
  let average: Tensors = {};
  let count = 0;
  const replace = (next: Tensors) => {
    tf.dispose(average);
    average = next;
  };
  const seen = () => ({ ...state.values, ...average });
  return {
    take(each, epoch) {
      if (rule?.each !== each || epoch < rule.from) return;
      const share = rule.share(count);
      const taken = (key: string) => {
        const now = state.values[key] as tf.Tensor;
        // The first one is taken as it is, bit for bit.
        return count === 0 ? tf.clone(now) : tf.add(tf.mul(average[key] as tf.Tensor, share), tf.mul(now, 1 - share));
      };
      replace(tidy(() => Object.fromEntries(trained.keys.map((key) => [key, taken(key)]))));
      count++;
    },
    async settle(compute) {
      if (count === 0) return;
      if (rule?.each === 'epoch' && trained.batchStatistics.size > 0) {
        const statistics = await compute(seen());
        tf.dispose(Object.keys(statistics).flatMap((key) => average[key] ?? []));
        average = { ...average, ...statistics };
      }
      if (canBeLost()) await remember(Object.values(average));
    },
    seen,
    // An average since the last epoch went with its device; the weights of each step did not.
    left: () => (count > 0 && !isLost() ? cloneTensors(seen()) : undefined),
    dispose: () => replace({}),
  };
}
