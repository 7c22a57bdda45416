import * as tf from '@tensorflow/tfjs-core';
import { assertList } from '../core/assert-list.ts';
import type { Backend } from '../core/backend.ts';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TrainEvent } from '../core/events.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Target } from '../core/outcome.ts';
import { assertSettings } from '../core/settings.ts';
import { sequence, train } from '../core/strategy.ts';
import { dispose } from '../model/dispose.ts';
import { networkBehind } from '../model/network.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { useBackend } from '../model/use-backend.ts';
import { canTrain } from './can-train.ts';
import { fineTune } from './fine-tune.ts';
import { type PlannedPhase, planOf } from './plan.ts';
import { type Speed, workAt } from './seconds.ts';

/** How a candidate did. */
export interface CandidateTime {
  readonly name: string;
  /** Milliseconds of the trial; undefined where the candidate could not be measured. */
  readonly milliseconds?: number;
  /** Why it could not. */
  readonly reason?: string;
  /** What the trial says of larger runs; undefined where the candidate could not be measured. */
  readonly speed?: Speed;
}

/** What {@link auto} chose. */
export interface BackendChoice {
  /** The backend, which is the current one now. */
  readonly backend: Backend;
  /** Why, in a sentence: `wasm 120 ms, webgl 340 ms; webgpu: ...`. */
  readonly why: string;
  /** How fast it is, for {@link explain}. */
  readonly speed: Speed;
  /** Every candidate, in the order given. */
  readonly candidates: readonly CandidateTime[];
}

const examples = 8;
const steps = 3;
const trial = sequence(train({ epochs: steps, batchSize: examples }));

/**
 * Measures backends on this model and this device, and makes the fastest the current one. The trial is a small run of
 * what training does: the frozen part over 8 made-up examples, then 3 steps of what is above it with all of them. It
 * runs twice on each candidate, and the second run counts: the first compiles. The model is not changed.
 *
 * @param candidates The backends, such as `[wasm(), webgl()]`. Those that cannot start or cannot train the model are
 * passed over.
 * @param model The model with its settings: what is frozen decides what is worth how much.
 * @param settings A signal.
 * @returns The choice and the reason.
 * @throws TransferError `BACKEND_UNKNOWN` where none of them can train the model, with the reason of each. An abort
 * rejects with its reason; the current backend is then the one that was being measured.
 *
 * @example
 * ```ts
 * import { attachHead, auto, pipe } from 'tfjs-transfer';
 * import { cpu } from 'tfjs-transfer/backends/cpu';
 * import { wasm } from 'tfjs-transfer/backends/wasm';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * const { backend, why } = await auto([cpu(), wasm()], model);
 * console.log(backend.name, why);
 * ```
 */
export async function auto(
  candidates: readonly Backend[],
  model: TransferModel,
  settings: { readonly signal?: AbortSignal } = {},
): Promise<BackendChoice> {
  assertTransferModel(model);
  assertSettings('auto', settings, { signal: undefined });
  assertList('auto', candidates, '[wasm(), webgl()]');
  const measured: CandidateTime[] = [];
  for (const backend of candidates) measured.push(await measure(backend, model, settings));
  const times = measured.map(({ milliseconds }) => milliseconds ?? Number.POSITIVE_INFINITY);
  const best = candidates[times.indexOf(Math.min(...times))];
  const why = measured
    .map(({ name, milliseconds, reason }) => (reason ? `${name}: ${reason}` : `${name} ${milliseconds?.toFixed(0)} ms`))
    .join('; ');
  if (!best || !times.some(Number.isFinite)) {
    throw new TransferError(
      'BACKEND_UNKNOWN',
      `auto received ${candidates.length} backends, and none of them can train the model here. ${why || 'Pass at least one, such as wasm().'}`,
    );
  }
  await useBackend(best);
  const { speed } = measured[candidates.indexOf(best)] as { readonly speed: Speed };
  return { backend: best, why, speed, candidates: measured };
}

async function measure(
  backend: Backend,
  model: TransferModel,
  settings: { readonly signal?: AbortSignal },
): Promise<CandidateTime> {
  settings.signal?.throwIfAborted();
  try {
    await useBackend(backend);
    const { missing } = canTrain(model);
    if (missing.length) {
      return { name: backend.name, reason: `lacks ${missing.map(({ kernel }) => kernel).join(', ')}` };
    }
    await runTrial(model, settings);
    const start = performance.now();
    const speed = await runTrial(model, settings);
    return { name: backend.name, milliseconds: performance.now() - start, speed };
  } catch (error) {
    if (error instanceof TransferError && error.model) dispose(error.model);
    settings.signal?.throwIfAborted();
    return { name: String(backend?.name), reason: error instanceof Error ? error.message : String(error) };
  }
}

async function runTrial(model: TransferModel, settings: { readonly signal?: AbortSignal }): Promise<Speed> {
  const at: { [_ in TrainEvent['kind']]?: number } = {};
  const { model: tuned } = await fineTune(model, { train: madeUp(model) }, trial, {
    ...settings,
    onEvent: ({ kind }) => {
      at[kind] = performance.now() / 1000;
    },
  });
  dispose(tuned);
  settings.signal?.throwIfAborted();
  const [planned] = planOf(model, trial);
  const { phase: begun = 0, features: cached = begun, step: trained = cached } = at;
  const { featuresWork, stepWork } = workAt(networkBehind(model).graph, (planned as PlannedPhase).split);
  return {
    features: (cached - begun) / examples,
    step: (trained - cached) / examples / steps,
    featuresWork,
    stepWork,
  };
}

function madeUp({ head, inputs: [input] }: TransferModel): Examples {
  const open = 16;
  const zeros =
    head.task === 'tokenClassification' ? new Array<number>(input?.shape[0] ?? open).fill(0) : head.labels.map(() => 0);
  const target: Target = head.task === 'classification' ? 0 : zeros;
  return {
    kind: 'examples',
    size: examples,
    targets: Array.from({ length: examples }, () => target),
    augmented: false,
    describe: (index) => `made-up example ${index}`,
    read: async (indices, { inputs }) =>
      inputs.map(({ shape, dtype }) =>
        // Indices of an Embedding: 0 is always among them. An open length is a short one.
        tf.zeros([indices.length, ...shape.map((size) => size ?? open)], dtype),
      ),
  };
}
