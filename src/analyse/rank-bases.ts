import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Base } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { randomStream } from '../core/random.ts';
import { assertSettings } from '../core/settings.ts';
import { breather } from '../train/breathe.ts';
import { featuresOf } from './features-of.ts';
import { membersOf } from './read-features.ts';
import { half, type Members } from './resample.ts';
import { type Interval, type Worth, worthOf } from './worth-of.ts';

export type { Interval, Worth };

/** Settings of {@link rankBases}. */
export interface RankSettings {
  /** How many random halves of the examples are scored for the intervals; 0 for none. Default: 100. */
  readonly resamples?: number;
  /** Seed of the draws. Default: 0. */
  readonly seed?: number;
  /** Examples at a time when features are computed. Default: 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** A table of bases, by falling LogME. */
export interface Ranking {
  /** How many examples the scores are of. */
  readonly examples: number;
  /** How many classes occur among them. */
  readonly classes: number;
  readonly resamples: number;
  readonly seed: number;
  readonly rows: readonly (Worth & { readonly name: string })[];
}

/**
 * Ranks bases by what their features are worth for some examples, before anything trains. The features of each base are
 * computed once. Scores are guesses: trust differences that are larger than the intervals, and train the first two.
 *
 * Intervals are of 95 %, by scoring random halves of the examples, the same for each base: they spread as much as scores
 * of new examples would (delete-half jackknife; Shao and Wu, 1989), and are moved to have their middle at the score.
 *
 * @param bases The bases, by the names that they have in the table. They stay the caller's.
 * @param examples Examples with a class each, such as `data.train`. Some hundred tell as much as thousands: time grows with
 * the cube of their number, times the resamples.
 * @param settings Resamples, seed, batch size and signal.
 * @returns The table, by falling LogME: plain data.
 * @throws TransferError `INVALID_ARGUMENT` where there are no bases; `INVALID_DATA` where there are fewer than two classes
 * or a number is not finite; `NOT_FINITE`; `DISPOSED`.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { rankBases } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 *
 * const pictures = tf.stack([0, 50, 200, 250].map((value) => tf.fill([16, 16, 3], value)));
 * const examples = await fromTensors(pictures, [0, 0, 1, 1]);
 * const bases = { first: tinyCnn({ size: 16 }), second: tinyCnn({ size: 16, seed: 1 }) };
 * const { rows } = await rankBases(bases, examples, { resamples: 20 });
 * for (const { name, logME, probe } of rows) console.log(name, logME.value, logME.low, logME.high, probe.value);
 * ```
 */
export async function rankBases(
  bases: Readonly<Record<string, Base>>,
  examples: Examples,
  settings: RankSettings = {},
): Promise<Ranking> {
  assertSettings('rankBases', settings, { resamples: 100, seed: 7, batchSize: 32, signal: undefined });
  const { resamples = 100, seed = 0, batchSize = 32, signal } = settings;
  if (!(Number.isInteger(resamples) && resamples >= 0)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `rankBases received resamples: ${resamples}. Pass a whole number from 0, such as 100.`,
    );
  }
  const named = Object.entries(bases ?? {});
  if (named.length === 0 || named.some(([, base]) => kindOf(base) !== 'base')) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `rankBases received ${named.length ? `no base as ${named.find(([, base]) => kindOf(base) !== 'base')?.[0]}` : 'no bases'}. Pass bases by name: { small: await loadBase(...), large: await loadBase(...) }.`,
    );
  }
  const breathe = breather(signal);
  const rows: (Worth & { readonly name: string })[] = [];
  let members: Members = [];
  for (const [name, base] of named) {
    const features = await featuresOf(base, examples, { batchSize, ...(signal && { signal }) });
    members = membersOf(features.labels, 'rankBases');
    const random = randomStream(seed, 'halves');
    const draws = Array.from({ length: resamples }, () => half(members, random));
    rows.push({ name, ...(await worthOf(base, features, members, draws, breathe)) });
  }
  rows.sort((a, b) => b.logME.value - a.logME.value);
  return { examples: examples.size, classes: members.length, resamples, seed, rows };
}
