import type { WeightKey } from '../core/handle.ts';
import type { PlannedPhase } from './plan.ts';

const headRate = 1e-3;
const baseRate = 1e-4;

/**
 * The learning rates of a phase: a peak, and a factor on the update of each trained weight. Where the phase names no
 * rate, the head has 1e-3 and tuned layers of the base 1e-4, times their own factors.
 *
 * @param planned The phase.
 */
export function learningRates({ phase, model, trained }: PlannedPhase): {
  readonly peak: number;
  readonly factors: Readonly<Record<WeightKey, number>>;
} {
  const keys = new Set(trained.keys);
  const factors = model.layers.flatMap(({ path, part, weights }) => {
    const own =
      part === 'head' ? 1 : (model.settings.rates.get(path) ?? 1) * (phase.learningRate ? 1 : baseRate / headRate);
    return weights.filter(({ key }) => keys.has(key)).map(({ key }) => [key, own] as const);
  });
  return { peak: phase.learningRate ?? headRate, factors: Object.fromEntries(factors) };
}
