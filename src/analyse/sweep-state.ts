import { assertStrategy } from '../core/assert-strategy.ts';
import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Strategy } from '../core/strategy.ts';
import { planOf } from '../train/plan.ts';
import { assertDataset } from '../train/targets.ts';
import { phasesOf } from './scale-strategy.ts';
import { strategyCode } from './strategy-code.ts';
import type { SweepRun } from './sweep-runs.ts';

/** What a sweep knows: plain data, to be stored as JSON and passed to the next one. */
export interface SweepState {
  readonly seed: number;
  readonly metric: string;
  /** How many examples the splits have. */
  readonly examples: readonly [train: number, validation: number];
  /** What each run came to, by the JSON of its strategy. */
  readonly runs: Readonly<Record<string, SweepRun>>;
}

/**
 * Refuses what cannot be swept, before anything runs.
 *
 * @param model The model.
 * @param strategies The strategies.
 * @param data The data.
 * @param plan The budget, in epochs, and the rounds.
 * @returns The strategies as code.
 * @throws TransferError What {@link sweep} says.
 */
export function assertSweep(
  model: TransferModel,
  strategies: readonly Strategy[],
  data: Dataset,
  { budget, rounds }: { readonly budget: number; readonly rounds: number },
): readonly string[] {
  if (!Array.isArray(strategies) || strategies.length === 0) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'sweep received no strategies. Pass an array of them: [1e-4, 1e-3].map((learningRate) => linearProbe({ learningRate })).',
    );
  }
  const codes = strategies.map((strategy) => {
    assertStrategy(strategy);
    planOf(model, strategy);
    return strategyCode(strategy);
  });
  assertDataset(model.head, data);
  if (!data.validation) {
    throw new TransferError(
      'INVALID_DATA',
      'sweep received data without a validation split, which decides. Pass { train, validation }.',
    );
  }
  const least = rounds * strategies.length * Math.max(...strategies.map((strategy) => phasesOf(strategy).length));
  if (!(Number.isFinite(budget) && budget >= least)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `sweep received budget: ${budget}. ${counted(strategies.length, 'strategy', 'strategies')} in ${counted(rounds, 'round', 'rounds')} take ${least} epochs at least: one for each phase in ` +
        'the first round, and as many in each other. Pass more, or fewer strategies.',
    );
  }
  return codes;
}

/**
 * The state that a sweep begins with.
 *
 * @param given What an earlier one left, if any.
 * @param own What this one is of.
 * @throws TransferError `INVALID_ARGUMENT` where the other one was of something else.
 */
export function stateOf(given: SweepState | undefined, own: Omit<SweepState, 'runs'>): SweepState {
  if (!given) return { ...own, runs: {} };
  const textOf = ({ seed, metric, examples }: Omit<SweepState, 'runs'>) =>
    `seed ${seed}, ${metric}, ${examples?.join?.(' and ')} examples`;
  if (textOf(given) === textOf(own) && typeof given.runs === 'object') return given;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `sweep received the state of another sweep (${textOf(given)}); this one has ${textOf(own)}. Pass that of the same ` +
      'model, data, seed and metric, or none.',
  );
}

const counted = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;
