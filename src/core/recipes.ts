import { assertList } from './assert-list.ts';
import type { Edit } from './edit.ts';
import { freeze, unfreezeOnly, unfreezeTop } from './edits.ts';
import { assertSettings } from './settings.ts';
import { type Strategy, sequence, train } from './strategy.ts';
import { knownInTrain, type TrainSettings } from './train-settings.ts';

/**
 * Trains the head alone, on features that are computed once for each example.
 *
 * @param settings Settings of the phase. Default: 20 epochs, which cost little: the base does not run again.
 * @returns `sequence(freeze(), train(settings))`.
 * @throws TransferError `INVALID_ARGUMENT` for settings that {@link train} refuses.
 *
 * @example
 * ```ts
 * import { linearProbe } from 'tfjs-transfer';
 *
 * const strategy = linearProbe({ epochs: 20, learningRate: 1e-2 });
 * ```
 */
export function linearProbe(settings: Partial<TrainSettings> = {}): Strategy {
  assertSettings('linearProbe', settings, knownInTrain);
  return sequence(freeze(), train({ epochs: 20, ...settings }));
}

/** Settings of {@link surgical}. */
export interface SurgicalSettings {
  /** Settings of the first phase, the head alone. Default: 20 epochs. */
  readonly probe?: Partial<TrainSettings>;
  /** Settings of the second phase, head and what is unfrozen. Default: 5 epochs at a rate of 1e-5. */
  readonly tune?: Partial<TrainSettings>;
}

/** Settings of {@link probeThenTune}. */
export interface ProbeThenTuneSettings extends SurgicalSettings {
  /** What is unfrozen for the second phase: units from the output down, or the name of the first layer. Default: 3. */
  readonly top?: number | string;
}

/**
 * Trains the head alone until it fits, then head and top of the base together: fine-tuning from a random head distorts
 * good features, from a trained one it does not.
 *
 * @param settings The top and the two phases.
 * @returns `sequence(linearProbe(probe), unfreezeTop(top), train(tune))` (LP-FT; Kumar et al., 2022).
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or settings that {@link train} refuses.
 *
 * @example
 * ```ts
 * import { probeThenTune } from 'tfjs-transfer';
 *
 * const strategy = probeThenTune({ top: 'block7a', tune: { epochs: 5, learningRate: 1e-4 } });
 * ```
 */
export function probeThenTune(settings: ProbeThenTuneSettings = {}): Strategy {
  assertSettings('probeThenTune', settings, { top: undefined, probe: {}, tune: {} });
  const { top = 3, ...phases } = settings;
  return tuneAfterProbe('probeThenTune', unfreezeTop(top), phases);
}

/**
 * Trains the head alone, then head and one place of the base together: where the shift between two tasks lies in one block,
 * tuning it alone keeps what the others know. Early blocks suit pictures that look otherwise, late ones other classes.
 *
 * @param layers The layers, by name or by the beginning of their names, as {@link unfreezeOnly} takes them.
 * @param settings The two phases.
 * @returns `sequence(linearProbe(probe), unfreezeOnly(...layers), train(tune))` (Lee et al., 2023). `gradientNorms` of
 * `tfjs-transfer/analyse` chooses the block by the data: `surgical((await gradientNorms(model, data.train))[0].layers)`.
 * @throws TransferError `INVALID_ARGUMENT` where the layers are no array, or for settings that {@link train} refuses.
 *
 * @example
 * ```ts
 * import { surgical } from 'tfjs-transfer';
 *
 * const strategy = surgical(['block1'], { tune: { epochs: 10, learningRate: 1e-4 } });
 * ```
 */
export function surgical(layers: readonly [string, ...string[]], settings: SurgicalSettings = {}): Strategy {
  assertSettings('surgical', settings, { probe: {}, tune: {} });
  assertList('surgical', layers, "['block1']", 1);
  return tuneAfterProbe('surgical', unfreezeOnly(...layers), settings);
}

function tuneAfterProbe(caller: string, unfreezing: Edit, { probe = {}, tune = {} }: SurgicalSettings): Strategy {
  assertSettings(`probe of ${caller}`, probe, knownInTrain);
  assertSettings(`tune of ${caller}`, tune, knownInTrain);
  return sequence(linearProbe(probe), unfreezing, train({ epochs: 5, learningRate: 1e-5, ...tune }));
}
