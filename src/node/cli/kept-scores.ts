import type { EpochRecord, History, Scores } from '../../core/events.ts';

/**
 * What the weights that a run kept score on the validation split.
 *
 * @param history The run's history. An interrupted phase is not in it.
 * @param interrupted The epochs of the phase that was interrupted; empty where none was.
 * @returns The scores; undefined without a validation split.
 */
export function keptScores({ phases }: History, interrupted: readonly EpochRecord[]): Scores | undefined {
  const measured = interrupted.flatMap(({ validation }) => validation ?? []);
  if (measured.length) return measured.reduce((best, scores) => (scores.loss < best.loss ? scores : best));
  const last = phases.at(-1);
  return last?.epochs.find(({ epoch }) => epoch === last.kept)?.validation;
}
