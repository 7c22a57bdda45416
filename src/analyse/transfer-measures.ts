import { mean } from '../core/mean.ts';

/** A number with the interval that its mean lies in, nineteen times of twenty. */
export interface Estimate {
  readonly mean: number;
  /** The 95 % interval by Student's t over seeds; undefined of a single seed. */
  readonly interval?: readonly [low: number, high: number];
}

/** How two learners compare, over seeds (Taylor and Stone, 2009, section 2). Differences are transfer less scratch. */
export interface TransferMeasures {
  /** The difference before any training. */
  readonly jumpstart: Estimate;
  /** The difference of the last epoch. */
  readonly asymptote: Estimate;
  /** The difference of the means over all epochs: of the areas under the curves, by epoch. */
  readonly totalReward: Estimate;
  /** The mean of the transferred learner's curve over that of the other. */
  readonly ratio: Estimate;
  readonly timeToThreshold: {
    readonly threshold: number;
    /** The first epoch at which the mean curve reaches the threshold; undefined where it never does. */
    readonly transfer: number | undefined;
    readonly scratch: number | undefined;
  };
  /** `positive` where the interval of the total reward lies above 0, `negative` where it lies below, else `neutral`. */
  readonly verdict: 'positive' | 'neutral' | 'negative';
}

/** The value of a metric at each epoch, from 0, of one run. */
export type Curve = readonly number[];

/**
 * Compares learning curves of a transferred learner and of one from scratch, paired by seed.
 *
 * @param transfer One curve for each seed, higher is better.
 * @param scratch The same of the other.
 * @param threshold The value to reach. Default: what the mean curve from scratch ends with.
 */
export function measuresOf(
  transfer: readonly Curve[],
  scratch: readonly Curve[],
  threshold: number = mean(scratch.map((curve) => curve.at(-1) as number)),
): TransferMeasures {
  const paired = (of: (a: Curve, b: Curve) => number) =>
    estimate(transfer.map((curve, i) => of(curve, scratch[i] as Curve)));
  const totalReward = paired((a, b) => mean(a) - mean(b));
  const [low, high] = totalReward.interval ?? [0, 0];
  return {
    jumpstart: paired((a, b) => (a[0] as number) - (b[0] as number)),
    asymptote: paired((a, b) => (a.at(-1) as number) - (b.at(-1) as number)),
    totalReward,
    // Where a learner from scratch earns nothing at all, whatever the other earns is a gain without a ratio.
    ratio: paired((a, b) => (mean(b) === 0 ? (mean(a) === 0 ? 1 : Number.MAX_VALUE) : mean(a) / mean(b))),
    timeToThreshold: { threshold, transfer: reaches(transfer, threshold), scratch: reaches(scratch, threshold) },
    verdict: low > 0 ? 'positive' : high < 0 ? 'negative' : 'neutral',
  };
}

/** The mean of curves, epoch by epoch; one that stopped early stays where it was. */
export function meanCurve(curves: readonly Curve[]): number[] {
  const epochs = Math.max(...curves.map((curve) => curve.length));
  return Array.from({ length: epochs }, (_, epoch) =>
    mean(curves.map((curve) => (curve[epoch] ?? curve.at(-1)) as number)),
  );
}

function reaches(curves: readonly Curve[], threshold: number): number | undefined {
  const epoch = meanCurve(curves).findIndex((value) => value >= threshold);
  return epoch < 0 ? undefined : epoch;
}

/** Student's t that 2.5 % lie above, by degrees of freedom from 1; beyond them that of the normal distribution. */
const student = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * The mean of numbers with the interval that it lies in, nineteen times of twenty (Student's t). Of differences that are
 * paired by seed, it says whether one way is better than another: where the interval does not hold 0.
 *
 * @param numbers The numbers, such as one accuracy for each seed.
 * @returns The mean, and the interval where there are two numbers at least.
 *
 * @example
 * ```ts
 * import { estimate } from 'tfjs-transfer/analyse';
 *
 * console.log(estimate([0.7, 0.72, 0.71])); // mean 0.71, interval from 0.685 to 0.735
 * ```
 */
export function estimate(numbers: readonly number[]): Estimate {
  const centre = mean(numbers);
  const freedom = numbers.length - 1;
  if (freedom < 1) return { mean: centre };
  const variance = numbers.reduce((sum, value) => sum + (value - centre) ** 2, 0) / freedom;
  const half = (student[freedom - 1] ?? 1.96) * Math.sqrt(variance / numbers.length);
  return { mean: centre, interval: [centre - half, centre + half] };
}
