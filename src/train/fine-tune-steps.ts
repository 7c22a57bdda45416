import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import { assertSettings } from '../core/settings.ts';
import type { Strategy } from '../core/strategy.ts';
import { beginRun } from '../model/runs.ts';
import { knownInRun, type RunSettings } from './run-settings.ts';

/**
 * Trains a model by a strategy, event by event. The model that it is given is not changed; the last event, `done`,
 * brings the tuned one, which the caller owns. Leaving the loop early disposes everything that the run made.
 *
 * @param model The model, from {@link attachHead}, {@link fineTune} or {@link loadModel}.
 * @param data The splits. Best weights are kept where there is a validation split.
 * @param strategy The strategy: edits and phases.
 * @param settings Seed, signal, cache budget and workers.
 * @yields Phases, cached features, steps, epochs, and `done`.
 * @throws TransferError What {@link fineTune} throws.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, fineTuneSteps, linearProbe, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const data = { train: await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]) };
 * for await (const event of fineTuneSteps(model, data, linearProbe({ epochs: 2 }))) {
 *   if (event.kind === 'epoch') console.log(event.epoch, event.loss);
 * }
 * ```
 */
export async function* fineTuneSteps(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: RunSettings = {},
): AsyncGenerator<TrainEvent, void> {
  assertSettings('fineTuneSteps', settings, knownInRun);
  const endRun = beginRun();
  try {
    yield* (await engine()).runStrategy(model, data, strategy, settings);
  } finally {
    endRun();
  }
}

/** A page shows its first picture without the engine, and loads it with its first run. */
const engine = () =>
  import('./run-strategy.ts').catch((cause: unknown) => {
    throw new TransferError(
      'RUN_FAILED',
      `The part of tfjs-transfer that trains could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'A page that was open while the app was published anew, or that is offline, has to be loaded again.',
      { cause },
    );
  });
