import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Ended, PhaseRecord, TrainEvent } from '../core/events.ts';
import { assertFeatureWorkers } from '../core/feature-workers.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Strategy } from '../core/strategy.ts';
import { canBeLost, isLost, lostOr, remember, rescue } from '../model/device.ts';
import { firstValues } from '../model/first-values.ts';
import { folderOf, noFindings } from '../model/fold.ts';
import { hashWeights } from '../model/hash-weights.ts';
import { leaseOf, networkBehind } from '../model/network.ts';
import { split } from '../model/split.ts';
import { storeAt } from '../model/store-at.ts';
import { assertPenalties } from './assert-penalties.ts';
import { breather } from './breathe.ts';
import { assertUnchanged } from './frozen-proof.ts';
import { assertTrainable } from './missing-kernels.ts';
import { startingPoints } from './penalties.ts';
import { runPhase } from './phase.ts';
import { dropCaches } from './phase-features.ts';
import { type PlannedPhase, planOf } from './plan.ts';
import type { RunSettings } from './run-settings.ts';
import { cloneTensors, type RunContext, type RunState } from './run-state.ts';
import type { SharedFeatures } from './share-features.ts';
import { assertDataset } from './targets.ts';

/**
 * The engine behind {@link fineTuneSteps}.
 *
 * @param model The model.
 * @param data The splits.
 * @param strategy The strategy.
 * @param settings The settings of the run, of known names.
 * @param shared Features that are there before it begins: {@link shareFeatures}. They stay the caller's, and so does the
 * proof that what is frozen did not change: one for many runs, as it costs as much as some epochs of a head.
 * @yields What happens.
 */
export async function* runStrategy(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: RunSettings,
  shared?: SharedFeatures,
): AsyncGenerator<TrainEvent, void> {
  const { seed = 0, signal, cacheBytes = 2 ** 30, workers } = settings;
  assertFeatureWorkers(workers);
  const featureStore = settings.featureStore === undefined ? undefined : storeAt(settings.featureStore, 'featureStore');
  const planned = planOf(model, strategy);
  assertDataset(model.head, data);
  for (const phase of planned) {
    assertTrainable(phase.split, phase.trained);
    assertPenalties(phase, data);
  }
  const network = networkBehind(model);
  const everTrained = new Set(planned.flatMap(({ trained }) => [...trained.layers]));
  const foundation = split(network.graph, everTrained);
  const context: RunContext = {
    data,
    seed,
    foundation,
    cacheBytes,
    featureStore,
    ...(signal && { signal }),
    ...(workers && { workers }),
  };
  const findings = noFindings();
  const { layers } = (planned.at(-1) as PlannedPhase).model;
  const values = { ...cloneTensors(model.lease.values), ...firstValues(layers, model.lease.values) };
  const state: RunState = {
    values,
    start: startingPoints(planned, values),
    stepped: false,
    optimizer: undefined,
    optimizerState: {},
    caches: new Map(shared),
    folder: folderOf(network, findings),
    findings,
  };
  // The run has a lease of its own: the network stays alive, whatever handles the caller disposes meanwhile.
  const lease = leaseOf(network, {});
  const pause = breather(signal);
  const phases: PhaseRecord[] = [];
  let ended: Ended = 'completed';
  try {
    if (canBeLost()) await remember(everything());
    const frozen = shared ? [] : frozenKeys(model, planned);
    const before = await hashWeights(network, state.values, frozen);
    try {
      for (const [index, phase] of planned.entries()) {
        yield {
          kind: 'phase',
          phase: index,
          phases: planned.length,
          epochs: phase.phase.epochs,
        };
        const held = { ...phase, model: { ...phase.model, lease } };
        phases.push(yield* runPhase(state, held, index, context, pause));
        if (signal?.aborted) break;
      }
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
    if (signal?.aborted) ended = 'aborted';
    const after = await hashWeights(network, state.values, frozen);
    assertUnchanged(before, after);
    const tuned = handOver(planned[phases.length - 1]?.model ?? model);
    yield { kind: 'done', model: tuned, history: { phases, frozen: after }, ended };
  } catch (error) {
    const cause = await lostOr(error);
    if (isLost()) rescue(everything());
    const failure = cause instanceof TransferError ? cause : runFailed(cause);
    if (state.stepped) failure.model ??= handOver(model);
    throw failure;
  } finally {
    tf.dispose([state.values, state.start, state.optimizerState] as never);
    state.folder.dispose();
    await dropCaches(state.caches);
    lease.dispose();
  }

  /** Makes the handle of the run's weights, which are the run's no more. */
  function handOver(reached: TransferModel): TransferModel {
    const tuned = state.values;
    state.values = {};
    return Object.freeze({ ...reached, layers, lease: leaseOf(network, tuned) });
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
