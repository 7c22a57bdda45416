import type { History, Scores } from '../../core/events.ts';

/**
 * What the weights that a run kept score on the validation split.
 *
 * @param history The run's history.
 * @returns The scores; undefined without a validation split.
 */
export function keptScores({ phases }: History): Scores | undefined {
  const last = phases.at(-1);
  return last?.epochs.find(({ epoch }) => epoch === last.kept)?.validation;
}
