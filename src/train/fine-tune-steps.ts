import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Ended, PhaseRecord, TrainEvent } from '../core/events.ts';
import { assertFeatureWorkers, type FeatureWorkers } from '../core/feature-workers.ts';
import type { TransferModel } from '../core/handle.ts';
import { assertSettings, type Known } from '../core/settings.ts';
import type { Strategy } from '../core/strategy.ts';
import { canBeLost, isLost, lostOr, remember, rescue } from '../model/device.ts';
import { leaseOf, networkBehind } from '../model/network.ts';
import { beginRun } from '../model/runs.ts';
import { split } from '../model/split.ts';
import { breather } from './breathe.ts';
import { assertTrainable } from './can-train.ts';
import { assertUnchanged, hashWeights } from './frozen-proof.ts';
import { runPhase } from './phase.ts';
import { type PlannedPhase, planOf } from './plan.ts';
import { cloneTensors, type RunContext, type RunState } from './run-state.ts';
import { assertDataset } from './targets.ts';

/** Settings of a run. */
export interface RunSettings {
  /** Seed of the order of examples, of dropout and noise, and of augmentation. Default: 0. */
  readonly seed?: number;
  /** Stops the run after the current step; it resolves with `ended: 'aborted'`. */
  readonly signal?: AbortSignal;
  /** How many bytes of features may be kept in memory; past that they are computed anew in each epoch. Default: 1 GiB. */
  readonly cacheBytes?: number;
  /** Who computes the features that are kept: `featureWorkers(2)`. The same bits, sooner. Default: this thread. */
  readonly workers?: FeatureWorkers;
}

/** The settings of every run. */
export const knownInRun: Known<RunSettings> = { seed: 7, signal: undefined, cacheBytes: 2 ** 30, workers: undefined };

/**
 * Trains a model by a strategy, event by event. The model that it is given is not changed; the last event, `done`,
 * brings the tuned one, which the caller owns. Leaving the loop early disposes everything that the run made.
 *
 * @param model The model, from {@link attachHead}, {@link fineTune} or {@link loadModel}.
 * @param data The splits. Best weights are kept where there is a validation split.
 * @param strategy The strategy: edits and phases.
 * @param settings Seed, signal, cache budget and workers.
 * @yields Phases, cached features, steps, epochs, and `done`.
 * @throws TransferError `INVALID_ORDER`, `INVALID_DATA`, `KERNEL_MISSING`, `NOT_TRAINABLE` before the first step;
 * `NOT_FINITE` within a step of the first NaN; `DEVICE_LOST` where the WebGL context or GPU device went away; `RUN_FAILED` with its cause where anything else fails. Once a step was
 * done, `error.model` is the best model so far, or that of the last whole step, owned by the caller.
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
  const { seed = 0, signal, cacheBytes = 2 ** 30, workers } = settings;
  assertFeatureWorkers(workers);
  const planned = planOf(model, strategy);
  assertDataset(model.head, data);
  for (const phase of planned) assertTrainable(phase.split, phase.trained);
  const network = networkBehind(model);
  const everTrained = new Set(planned.flatMap(({ trained }) => [...trained.layers]));
  const foundation = split(network.graph, everTrained);
  const context: RunContext = {
    data,
    seed,
    foundation,
    cacheBytes,
    ...(signal && { signal }),
    ...(workers && { workers }),
  };
  const state: RunState = {
    values: cloneTensors(model.lease.values),
    stepped: false,
    optimizer: undefined,
    optimizerState: {},
    caches: new Map(),
  };
  // The variables of the network stay alive for the run, whatever handles the caller disposes meanwhile.
  network.hold();
  const endRun = beginRun();
  const pause = breather(signal);
  const phases: PhaseRecord[] = [];
  let ended: Ended = 'completed';
  try {
    if (canBeLost()) await remember(everything());
    const frozen = frozenKeys(model, planned);
    const before = await hashWeights(network, state.values, frozen);
    try {
      for (const [index, phase] of planned.entries()) {
        yield {
          kind: 'phase',
          phase: index,
          phases: planned.length,
          name: phase.phase.name,
          epochs: phase.phase.epochs,
        };
        phases.push(yield* runPhase(state, phase, index, context, pause));
        if (signal?.aborted) break;
      }
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
    if (signal?.aborted) ended = 'aborted';
    const after = await hashWeights(network, state.values, frozen);
    assertUnchanged(before, after);
    const tuned = handOver(planned[phases.length - 1]?.model ?? model, state);
    yield { kind: 'done', model: tuned, history: { phases, frozen: after }, ended };
  } catch (error) {
    const cause = await lostOr(error);
    if (isLost()) rescue(everything());
    const failure = cause instanceof TransferError ? cause : runFailed(cause);
    if (state.stepped) failure.model ??= handOver(model, state);
    throw failure;
  } finally {
    tf.dispose([state.values, state.optimizerState] as never);
    network.giveBack();
    endRun();
  }

  function everything(): readonly tf.Tensor[] {
    const variables = [...network.variables.values()].map((variable) => variable.val);
    return [
      ...variables.filter((variable) => !variable.isDisposed),
      ...Object.values(model.lease.values),
      ...Object.values(state.values),
    ];
  }
}

const runFailed = (cause: unknown) =>
  new TransferError('RUN_FAILED', `The run failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });

/** Makes the handle of the run's weights, which are the run's no more. */
function handOver(model: TransferModel, state: RunState): TransferModel {
  const { values } = state;
  state.values = {};
  return Object.freeze({ ...model, lease: leaseOf(networkBehind(model), values) });
}

/** The weights that no phase changes. */
function frozenKeys(model: TransferModel, planned: readonly PlannedPhase[]): string[] {
  const changed = new Set(planned.flatMap(({ trained }) => trained.keys));
  const moved = new Set(planned.flatMap(({ trained }) => [...trained.batchStatistics]));
  return model.layers.flatMap(({ path, weights }) =>
    weights
      .filter(({ key, role }) => !changed.has(key) && !(role === 'statistic' && moved.has(path)))
      .map(({ key }) => key),
  );
}
