import { swaWeights } from '../core/averages.ts';
import type { Callback } from '../core/callbacks.ts';
import type { Penalty } from '../core/penalties.ts';
import type { Phase, Strategy } from '../core/strategy.ts';

/** The phases of a strategy. */
export const phasesOf = (strategy: Strategy) => strategy.filter((step): step is Phase => step.kind === 'phase');

/** How many epochs a strategy has. */
export const epochsOf = (strategy: Strategy) => phasesOf(strategy).reduce((sum, { epochs }) => sum + epochs, 0);

/**
 * The same strategy in fewer epochs: each phase has its share of them, and one at least.
 *
 * @param strategy The strategy.
 * @param epochs How many epochs all phases together have; at least one for each phase.
 * @returns The strategy itself where it has no more.
 */
export function scaled(strategy: Strategy, epochs: number): Strategy {
  const all = epochsOf(strategy);
  if (epochs >= all) return strategy;
  const phases = phasesOf(strategy);
  const given = phases.map(() => 1);
  const missing = (phase: number) => ((phases[phase] as Phase).epochs * epochs) / all - (given[phase] as number);
  for (let left = epochs - phases.length; left > 0; left--) {
    const next = given.reduce((best, _, phase) => (missing(phase) > missing(best) ? phase : best), 0);
    given[next] = (given[next] as number) + 1;
  }
  return strategy.map((step) => (step.kind === 'phase' ? shortened(step, given.shift() as number) : step)) as never;
}

/**
 * The same strategy for a part of the examples: a teacher's answers go with these.
 *
 * @param strategy The strategy.
 * @param indices Which of the examples.
 * @param size How many there are.
 */
export function forPart(strategy: Strategy, indices: readonly number[], size: number): Strategy {
  const part = (penalty: Penalty): Penalty =>
    penalty.name === 'distillation' && penalty.logits.length === size
      ? { ...penalty, logits: indices.map((index) => penalty.logits[index] as readonly number[]) }
      : penalty;
  return strategy.map((step) =>
    step.kind === 'phase' && step.penalties ? { ...step, penalties: step.penalties.map(part) } : step,
  ) as never;
}

/** An average of the ends of epochs begins where it began, as a part of the phase. */
function shortened({ callbacks, ...phase }: Phase, epochs: number): Phase {
  const begin = (from: number) => swaWeights({ from: Math.max(1, Math.round((from * epochs) / phase.epochs)) });
  const moved = callbacks?.map((callback): Callback => {
    const rule = callback.name === 'swaWeights' ? callback.average?.() : undefined;
    return rule ? begin(rule.from) : callback;
  });
  return { ...phase, epochs, ...(moved && { callbacks: moved }) };
}
