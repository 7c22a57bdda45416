import type { Dataset } from '../core/data.ts';
import type { TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Strategy } from '../core/strategy.ts';
import { dispose } from '../model/dispose.ts';
import { fineTuneSteps } from './fine-tune-steps.ts';
import type { RunSettings } from './run-settings.ts';

/**
 * The steps of a run of which nothing is kept: leaving the loop ends it and frees what it made.
 *
 * @param model The model.
 * @param data The data, of which the training split is read.
 * @param strategy The strategy.
 * @param settings The settings of the run. An abort throws the signal's reason.
 * @yields Each step.
 */
export async function* trialSteps(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: RunSettings,
): AsyncGenerator<Extract<TrainEvent, { kind: 'step' }>, void> {
  for await (const event of fineTuneSteps(model, { train: data?.train } as Dataset, strategy, settings)) {
    if (event.kind === 'step') yield event;
    if (event.kind === 'done') dispose(event.model);
  }
  settings.signal?.throwIfAborted();
}
