import type { Base } from '../core/handle.ts';
import { mean } from '../core/mean.ts';
import { argMax } from '../core/outcome.ts';
import type { BaseFeatures } from './features-of.ts';
import { hScoreOf } from './h-score.ts';
import { learn } from './learn.ts';
import { leaveOneOut } from './leave-one-out.ts';
import { leepOf } from './leep.ts';
import { logME } from './log-me.ts';
import { kernelOf, type Matrix, rowOf } from './matrix.ts';
import { nceOf } from './nce.ts';
import { readFeatures } from './read-features.ts';
import { regularizedHScore } from './regularized-h-score.ts';
import { logMEOf, type Members, shrunkScoreOf } from './resample.ts';
import { ridge } from './ridge.ts';
import { sourceProbabilities } from './source-probabilities.ts';

/** A score, and where it would lie for 95 of 100 sets of such examples. Both ends are the score where nothing was drawn. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What a base's features are worth. Higher is better, in each score. */
export interface Worth {
  /** How many features the base has. */
  readonly features: number;
  readonly logME: Interval;
  readonly regularizedHScore: Interval;
  /** Undefined where there are too few examples for the features: there it would be the same for each base. */
  readonly hScore?: number;
  /** Undefined where no softmax over one dense layer was cut off the base. */
  readonly leep?: Interval;
  /** As `leep`. */
  readonly nce?: Interval;
  /** The accuracy of {@link ridge} on each example, learned from all the others: from 0 to 1. */
  readonly probe: Interval;
}

/**
 * Scores the features of one base.
 *
 * @param base The base.
 * @param features Its features.
 * @param members The examples of each class.
 * @param draws The resamples.
 * @param between Called between resamples; it may throw to stop.
 */
export async function worthOf(
  base: Base,
  features: BaseFeatures,
  members: Members,
  draws: readonly Members[],
  between: () => Promise<void>,
): Promise<Worth> {
  const d = features.shape[1];
  const x = await readFeatures(features, 'rankBases');
  const kernel = kernelOf(x);
  const spread = async (score: (drawn: Members) => number | Promise<number>, value: number, bounds: Bounds) => {
    const scores: number[] = [];
    for (const drawn of draws) {
      scores.push(await score(drawn));
      await between();
    }
    return intervalOf(value, scores, bounds);
  };
  const source = await sourceProbabilities(base, features);
  const guesses = Array.from({ length: source?.rows ?? 0 }, (_, i) => argMax(rowOf(source as Matrix, i)));
  const right = await rightlyLeftOut(features);
  const share = (drawn: Members) => mean(drawn.flat().map((i) => right[i] as number));
  const h = await hScoreOf(x, members);
  return {
    features: d,
    logME: await spread((drawn) => logMEOf(kernel, drawn, d), await logME(features, features.labels), anything),
    regularizedHScore: await spread(
      (drawn) => shrunkScoreOf(kernel, drawn, d),
      await regularizedHScore(features, features.labels),
      { least: 0, most: Number.POSITIVE_INFINITY },
    ),
    ...(h !== undefined && { hScore: h }),
    ...(source && {
      leep: await spread((drawn) => leepOf(source, drawn), leepOf(source, members), logarithm),
      nce: await spread((drawn) => nceOf(guesses, drawn), nceOf(guesses, members), logarithm),
    }),
    probe: await spread(share, share(members), { least: 0, most: 1 }),
  };
}

/** For each example 1 where a ridge of all the others knows it, else 0. */
async function rightlyLeftOut(features: BaseFeatures): Promise<readonly number[]> {
  const present = [...new Set(features.labels)];
  const labels = features.labels.map((label) => present.indexOf(label));
  const penalty = 1;
  const head = await learn(ridge({ penalty }), features, labels, present.map(String));
  return leaveOneOut(head, penalty).map((scores, i) => (argMax(scores) === labels[i] ? 1 : 0));
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}
const anything = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
const logarithm = { least: Number.NEGATIVE_INFINITY, most: 0 };

/** The middle 95 % of the scores, moved to have its middle at the value, as far as there can be such scores. */
function intervalOf(value: number, scores: readonly number[], { least, most }: Bounds): Interval {
  if (scores.length === 0) return { value, low: value, high: value };
  const sorted = [...scores].sort((a, b) => a - b);
  const quantile = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] as number;
    return below + (place % 1) * ((sorted[Math.ceil(place)] as number) - below);
  };
  const moved = value - quantile(0.5);
  return { value, low: Math.max(least, quantile(0.025) + moved), high: Math.min(most, quantile(0.975) + moved) };
}
