import type { Dataset } from '../core/data.ts';
import type { FineTuned, TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import { assertSettings } from '../core/settings.ts';
import type { Strategy } from '../core/strategy.ts';
import { fineTuneSteps } from './fine-tune-steps.ts';
import { knownInRun, type RunSettings } from './run-settings.ts';

/** Settings of {@link fineTune}. */
export interface FineTuneSettings extends RunSettings {
  /** Called with every event while the run works. */
  readonly onEvent?: (event: TrainEvent) => void;
}

/**
 * Trains a model by a strategy. The model that it is given, and its base, stay bit for bit what they are; nothing is left
 * behind but the tuned model, which the caller owns.
 *
 * @param model The model, from {@link attachHead}, {@link fineTune} or {@link loadModel}.
 * @param data The splits. Best weights are kept where there is a validation split; without one, the last.
 * @param strategy The strategy: {@link linearProbe}, {@link probeThenTune}, or edits and phases in a {@link sequence}.
 * Each phase computes what lies below its frozen frontier once for each example, and trains on the rest.
 * @param settings Seed, signal, cache budget and `onEvent`.
 * @returns The tuned model, what happened, and how it ended. An abort resolves, with the best or last whole step's
 * weights.
 * @throws TransferError Before the first step: `INVALID_ARGUMENT` (a setting, a loss or a penalty that does not fit), `INVALID_ORDER`
 * (no phase at the end, a base without a head), `INVALID_DATA`, `NOT_FOUND` (an edit or a penalty names no layer),
 * `NOT_TRAINABLE`, `KERNEL_MISSING`, `DISPOSED`; `UNSUPPORTED` where the workers have another backend or do not know a layer, or the
 * `featureStore` cannot be used here. While it runs: `INVALID_DATA` where an example cannot be read, `NOT_FINITE` within a
 * step of the first NaN, `OUT_OF_MEMORY` where the heap of WASM is full, `DEVICE_LOST`, `FROZEN_CHANGED` where a frozen weight
 * is not what it was, and `RUN_FAILED` with its cause where anything else fails. Once a step was done, `error.model` is the
 * best model so far, or that of the last whole step, owned by the caller.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, fineTune, pipe, probeThenTune } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const data = { train: await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]) };
 * const { model: tuned, history } = await fineTune(model, data, probeThenTune({ top: 1 }), { seed: 7 });
 * console.log(history.phases.map(({ epochs }) => epochs.at(-1)?.loss));
 * ```
 */
export async function fineTune(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: FineTuneSettings = {},
): Promise<FineTuned> {
  assertSettings('fineTune', settings, { ...knownInRun, onEvent: Function });
  const { onEvent, ...run } = settings;
  let result: FineTuned | undefined;
  for await (const event of fineTuneSteps(model, data, strategy, run)) {
    onEvent?.(event);
    if (event.kind === 'done') result = { model: event.model, history: event.history, ended: event.ended };
  }
  return result as FineTuned;
}
