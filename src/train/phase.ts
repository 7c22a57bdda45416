import * as tf from '@tensorflow/tfjs-core';
import { bestWeights } from '../core/callbacks.ts';
import { TransferError } from '../core/errors.ts';
import type { EpochRecord, PhaseRecord, Scores, TrainEvent } from '../core/events.ts';
import { measure } from '../core/measure.ts';
import type { Tensors } from '../core/optimizer.ts';
import { permutation, randomStream } from '../core/random.ts';
import { downloadRemembering } from '../model/device.ts';
import { disposeValues, type Values } from '../model/execute.ts';
import { folderOf } from '../model/fold.ts';
import { networkBehind } from '../model/network.ts';
import { type Averaging, averagingOf } from './average.ts';
import { allFinite, whereNotFinite } from './finite.ts';
import { mixedTargets, mixing } from './mixing.ts';
import { penaltiesOf } from './penalties.ts';
import { preparePhaseFeatures, viewOf } from './phase-features.ts';
import type { PlannedPhase } from './plan.ts';
import { learningRates } from './rates.ts';
import { statisticsOf } from './recompute-statistics.ts';
import { beginPhase, cloneTensors, commitStep, type RunContext, type RunState } from './run-state.ts';
import { score } from './score.ts';
import { type Pace, type StepPlan, trainStep } from './step.ts';
import { targetTensor } from './targets.ts';

/**
 * Runs one phase.
 *
 * @param state The run; changed by each whole step. At the end its weights are the phase's best, where best are kept.
 * @param planned The phase.
 * @param index Its position in the strategy, from 0.
 * @param context The run's data, seed and signal.
 * @param pause Called between batches: yields to the event loop, and throws where the run is aborted.
 * @yields What happens.
 * @returns The record of the phase.
 */
export async function* runPhase(
  state: RunState,
  planned: PlannedPhase,
  index: number,
  context: RunContext,
  pause: () => Promise<void>,
): AsyncGenerator<TrainEvent, PhaseRecord> {
  const { data, seed } = context;
  const { phase, model, trained, split } = planned;
  const { batchSize, epochs, schedule, optimizer, loss, metrics } = phase;
  const { peak, factors } = learningRates(planned);
  const plan: StepPlan = { network: networkBehind(model), split, trained, loss, optimizer, factors, penalties: [] };
  const penalties = penaltiesOf(planned, state.start);
  beginPhase(state, plan);
  const mixed = phase.mix && mixing(phase.mix, data.train, model.inputs, seed);
  const source = mixed ? { ...context, data: { ...data, train: mixed.examples } } : context;
  const features = yield* preparePhaseFeatures(state, planned, source, pause);
  const averaging = averagingOf(state, planned);
  const watch = observe(state, planned, data.validation !== undefined, averaging);
  const stepsPerEpoch = Math.ceil(data.train.size / batchSize);
  try {
    const before = await validate();
    yield* state.findings.refused.splice(0);
    if (before) yield finish({ epoch: 0, loss: before.loss, learningRate: 0, validation: before });
    for (let epoch = 1; epoch <= epochs && !watch.stopped(); epoch++) {
      const order = permutation(data.train.size, randomStream(seed, 'order', index, epoch));
      const batch = (number: number) => order.slice(number * batchSize, (number + 1) * batchSize);
      let total = 0;
      let learningRate = 0;
      for (let step = 0; step < stepsPerEpoch; step++) {
        await pause();
        const at = (epoch - 1) * stepsPerEpoch + step;
        learningRate = watch.rateFactor() * schedule.rateAt(peak, at, epochs * stepsPerEpoch);
        const pace = { learningRate, momentum: schedule.momentumAt?.(at, epochs * stepsPerEpoch) };
        const indices = batch(step);
        const cut = await features('train', indices, epoch - 1, batch(step + 1));
        const rows = { indices, mixtures: mixed?.of(indices, viewOf(phase, epoch - 1)) };
        const targets = mixed
          ? mixedTargets(model.head, data.train.targets, rows)
          : targetTensor(
              model.head,
              indices.map((i) => data.train.targets[i] as number),
            );
        const held = { ...plan, penalties: penalties.map((of) => of(rows)) };
        const done = await oneStep(state, held, cut, targets, pace, { seed, phase: index, step: at });
        averaging.take('step', epoch);
        total += done.loss * indices.length;
        yield* state.findings.refused.splice(0);
        yield { kind: 'step', phase: index, epoch, step: step + 1, steps: stepsPerEpoch, ...done, learningRate };
      }
      averaging.take('epoch', epoch);
      const batches = Array.from({ length: stepsPerEpoch }, (_, number) => batch(number));
      const key = [seed, 'statistics', index, epoch];
      await averaging.settle((values) =>
        statisticsOf(plan, values, batches, (indices) => features('train', indices, epoch - 1), key, pause),
      );
      const validation = await validate();
      yield* state.findings.refused.splice(0);
      yield finish({ epoch, loss: total / data.train.size, learningRate, ...(validation && { validation }) });
    }
  } catch (error) {
    if (!context.signal?.aborted) throw error;
  } finally {
    // Whatever ended the phase, its best weights are what it leaves.
    watch.restore();
    averaging.dispose();
  }
  return { epochs: watch.records, kept: watch.kept() };

  function finish(record: EpochRecord): TrainEvent {
    watch.after(record);
    return { kind: 'epoch', phase: index, epochs, ...record };
  }

  async function validate(): Promise<Scores | undefined> {
    if (!data.validation) return undefined;
    const folder = folderOf(plan.network, state.findings);
    const where = { folder, values: averaging.seen(), graph: plan.network.graph, split };
    const read = (indices: readonly number[]) => features('validation', indices, 0);
    const asked = { head: model.head, loss };
    const scoring = score(where, asked, data.validation, batchSize, read, pause);
    const result = await scoring.finally(() => folder.dispose());
    return { loss: result.loss, metrics: measure(metrics, result.outcome) };
  }
}

/** Runs one step and takes its result over, if it is finite. Disposes the batch. */
async function oneStep(
  state: RunState,
  plan: StepPlan,
  cut: Values,
  targets: tf.Tensor,
  pace: Pace,
  { seed, phase, step }: { readonly seed: number; readonly phase: number; readonly step: number },
): Promise<{ readonly loss: number; readonly gradientNorm: number }> {
  try {
    const key = [seed, 'step', phase, step];
    const result = trainStep(plan, state.values, state.optimizerState, cut, targets, pace, key);
    const scalars = [result.loss, result.gradientNorm];
    // The step is whole when what it made is here as well: a device may be lost.
    const read = await downloadRemembering(scalars, Object.values(result.values)).catch((error: unknown) => {
      tf.dispose([result.values, result.state, scalars] as never);
      throw error;
    });
    tf.dispose(scalars);
    const [loss, gradientNorm] = read as readonly [number, number];
    if (!allFinite([loss, gradientNorm])) {
      const where = await whereNotFinite(plan, state.values, cut, result.values);
      tf.dispose([result.values, result.state] as never);
      throw new TransferError(
        'NOT_FINITE',
        `Training stopped in phase ${phase + 1}, step ${step + 1}: ${where} is NaN or Infinity. The weights ` +
          'of the step before are kept (error.model). Lower the learning rate, or clip gradients: chain(clipByGlobalNorm(1), adam()).',
      );
    }
    commitStep(state, result.values, result.state);
    return { loss, gradientNorm };
  } finally {
    targets.dispose();
    disposeValues(cut.values());
  }
}

/** Follows the epochs of a phase: what callbacks say, and which weights are the best. */
function observe(state: RunState, { phase }: PlannedPhase, validated: boolean, averaging: Averaging) {
  const callbacks = [...(phase.callbacks ?? [])];
  const keeps = callbacks.some(({ name }) => name === 'bestWeights' || name === 'lastWeights');
  if (validated && !keeps) callbacks.push(bestWeights());
  const observers = callbacks.map((callback) => callback.start(phase.metrics));
  const records: EpochRecord[] = [];
  let best: { readonly values: Tensors; readonly epoch: number } | undefined;
  let stopped = false;
  let rateFactor = 1;
  return {
    records,
    stopped: () => stopped,
    rateFactor: () => rateFactor,
    kept: () => best?.epoch ?? records.at(-1)?.epoch ?? 0,
    after(record: EpochRecord) {
      records.push(record);
      for (const verdict of observers.map((observer) => observer(record))) {
        rateFactor *= verdict.rateFactor ?? 1;
        stopped ||= verdict.stop ?? false;
        if (!verdict.keep) continue;
        if (best) tf.dispose(best.values);
        best = { values: cloneTensors(averaging.seen()), epoch: record.epoch };
      }
    },
    restore() {
      const left = best?.values ?? averaging.left();
      if (!left) return;
      tf.dispose(state.values);
      // A weight that this phase copied from the base, and that no epoch ended with, has gone back to the base's.
      state.values = left;
    },
  };
}
