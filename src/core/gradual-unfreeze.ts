import { assertList } from './assert-list.ts';
import { unfreezeTop } from './edits.ts';
import { slantedTriangular } from './schedules.ts';
import { assertSettings } from './settings.ts';
import { type Strategy, sequence, train } from './strategy.ts';
import { knownInTrain, type TrainSettings } from './train-settings.ts';

/**
 * Unfreezes the base from the output down, with a phase of training after each stage.
 *
 * @param stages What is unfrozen at each stage, the first of them often 0: numbers of units, or names of layers.
 * @param settings Settings of every phase. Default of the schedule: {@link slantedTriangular}. ULMFiT has
 * {@link discriminative} before it.
 * @returns `sequence(unfreezeTop(stage), train(settings), ...)` (Howard and Ruder, 2018, section 3.3).
 * @throws TransferError `INVALID_ARGUMENT` where the stages are no array, or for settings that {@link train} refuses.
 *
 * @example
 * ```ts
 * import { gradualUnfreeze } from 'tfjs-transfer';
 *
 * const strategy = gradualUnfreeze([0, 1, 3], { epochs: 2 });
 * ```
 */
export function gradualUnfreeze(
  stages: readonly [number | string, ...(number | string)[]],
  settings: TrainSettings,
): Strategy {
  assertSettings('gradualUnfreeze', settings, knownInTrain);
  assertList('gradualUnfreeze', stages, '[0, 1, 3]', 1);
  const phase = { schedule: slantedTriangular(), ...settings };
  const stage = (top: number | string) => sequence(unfreezeTop(top), train(phase));
  return sequence(...stages.slice(0, -1).map(stage), stage(stages.at(-1) as number | string));
}
