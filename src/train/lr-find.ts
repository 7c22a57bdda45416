import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Schedule } from '../core/schedules.ts';
import { assertSettings } from '../core/settings.ts';
import { type TrainSettings, train } from '../core/strategy.ts';
import { dispose } from '../model/dispose.ts';
import { fineTuneSteps } from './fine-tune-steps.ts';

/** Settings of {@link lrFind}. */
export interface LrFindSettings {
  /** Settings of the phase that is tried: batch size, optimizer, loss. Default: those of `train`. */
  readonly phase?: Omit<TrainSettings, 'epochs' | 'learningRate' | 'schedule'>;
  /** How many steps. Default: 100. */
  readonly steps?: number;
  /** The first rate. Default: 1e-7. */
  readonly from?: number;
  /** The last rate. Default: 10. */
  readonly to?: number;
  /** Default: 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** What {@link lrFind} found. */
export interface LrFound {
  /** The rate of each step that was made. */
  readonly rates: readonly number[];
  /** The loss of each step, smoothed. */
  readonly losses: readonly number[];
  /** A rate within the longest fall of the loss; undefined where it does not fall. */
  readonly suggestion: number | undefined;
}

/**
 * Looks for a learning rate: trains with a rate that grows at each step until the loss explodes (Smith, 2017, section 3.3).
 * Nothing is kept of the run: the model, its weights, statistics and seeds are what they were.
 *
 * @param model The model; its edits say what trains: `pipe(model, unfreezeTop(2))`.
 * @param data The data. Only the training split is read.
 * @param settings The phase, and the range of rates.
 * @returns Rates, losses (an exponential mean with a factor of 0.98, corrected for its start) and a suggestion: the rate
 * half-way down the longest fall, as fastai's `valley` takes it. Costs the features once, and `steps` steps.
 * @throws TransferError `INVALID_ARGUMENT` for settings out of range, and what {@link fineTune} throws before a run; the
 * reason of the signal where it is aborted.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, lrFind, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const data = { train: await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]) };
 * const { suggestion } = await lrFind(model, data, { phase: { batchSize: 4 }, steps: 40 });
 * console.log(suggestion);
 * ```
 */
export async function lrFind(model: TransferModel, data: Dataset, settings: LrFindSettings = {}): Promise<LrFound> {
  assertSettings('lrFind', settings, { phase: {}, steps: 100, from: 1e-7, to: 10, seed: 0, signal: undefined });
  const { phase = {}, steps = 100, from = 1e-7, to = 10, seed = 0, signal } = settings;
  if (!(Number.isInteger(steps) && steps >= 2 && from > 0 && to > from)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `lrFind received steps: ${steps}, from: ${from}, to: ${to}. Pass a whole number of steps from 2, and rates with 0 < from < to.`,
    );
  }
  const rising: Schedule = {
    kind: 'schedule',
    name: 'rising',
    rateAt: (_, step) => from * (to / from) ** (step / (steps - 1)),
  };
  const size = data?.train?.size ?? 1;
  const epochs = Math.max(1, Math.ceil((steps * (phase.batchSize ?? 32)) / size));
  const strategy = [train({ ...phase, epochs, schedule: rising })] as const;
  const rates: number[] = [];
  const losses: number[] = [];
  const run = fineTuneSteps(model, { train: data?.train } as Dataset, strategy, { seed, ...(signal && { signal }) });
  let mean = 0;
  try {
    for await (const event of run) {
      if (event.kind === 'done') dispose(event.model);
      if (event.kind !== 'step') continue;
      mean = 0.98 * mean + 0.02 * event.loss;
      rates.push(event.learningRate);
      losses.push(mean / (1 - 0.98 ** rates.length));
      const exploded = (losses.at(-1) as number) > 4 * Math.min(...losses);
      // Leaving the loop ends the run and frees what it made.
      if (exploded || rates.length === steps) break;
    }
  } catch (error) {
    if (!(error instanceof TransferError && error.code === 'NOT_FINITE' && rates.length > 0)) throw error;
    if (error.model) dispose(error.model as TransferModel);
  }
  signal?.throwIfAborted();
  return { rates, losses, suggestion: valley(rates, losses) };
}

/** A rate half-way down the longest run of losses that fall, others between them left out. */
function valley(rates: readonly number[], losses: readonly number[]): number | undefined {
  const skipped = Math.floor(losses.length / 10);
  const [seen, at] = [losses.slice(skipped, -5), rates.slice(skipped, -5)];
  const lengths: number[] = [];
  let end = 0;
  for (const [i, loss] of seen.entries()) {
    lengths.push(1 + Math.max(0, ...lengths.filter((_, j) => loss < (seen[j] as number))));
    if ((lengths[i] as number) > (lengths[end] as number)) end = i;
  }
  const longest = lengths[end] ?? 0;
  if (longest < 3) return undefined;
  return at[end - longest + 1 + Math.floor(longest / 2)];
}
