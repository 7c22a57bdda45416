import { above0, assertRange, from0Below1, from0To1, wholeFrom0 } from './ranges.ts';
import { assertSettings } from './settings.ts';

/**
 * How the learning rate moves over a phase, as data with one function.
 *
 * `rateAt(peak, step, steps)` is the rate of step `step` (from 0) of `steps`, where `peak` is the phase's rate.
 */
export interface Schedule {
  readonly kind: 'schedule';
  readonly name: string;
  /** The rate of a step, from 0, of so many. */
  rateAt(peak: number, step: number, steps: number): number;
  /** The momentum of a step (of Adam its beta1), where the schedule moves it. */
  momentumAt?(step: number, steps: number): number;
}

/** Settings of a schedule that begins with a warmup. */
export interface WarmupSettings {
  /** Steps over which the rate rises from 0 to its peak, a whole number. Default: 0. */
  readonly warmup?: number;
}

function warmupOf(schedule: string, settings: WarmupSettings): number {
  assertSettings(schedule, settings, { warmup: 100 });
  const { warmup = 0 } = settings;
  assertRange(schedule, wholeFrom0, { warmup });
  return warmup;
}

const warm = (peak: number, step: number, warmup: number, after: () => number) =>
  step < warmup ? (peak * step) / warmup : after();

/** The share of what follows the warmup that is done at a step: 0 at its first, 1 one step after the last. */
const progress = (step: number, steps: number, warmup: number) => (step - warmup) / Math.max(1, steps - warmup);

/**
 * A rate that stays at its peak.
 *
 * @param settings The warmup.
 * @returns The schedule.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { constant, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, schedule: constant({ warmup: 10 }) });
 * ```
 */
export function constant(settings: WarmupSettings = {}): Schedule & { readonly warmup: number } {
  const warmup = warmupOf('constant', settings);
  return { kind: 'schedule', name: 'constant', warmup, rateAt: (peak, step) => warm(peak, step, warmup, () => peak) };
}

/**
 * A rate that falls in a straight line to 0: `peak (T - s) / (T - w)`.
 *
 * @param settings The warmup.
 * @returns The schedule, as `get_linear_schedule_with_warmup` of Hugging Face computes it.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { linear, train } from 'tfjs-transfer';
 *
 * train({ epochs: 3, learningRate: 2e-5, schedule: linear({ warmup: 100 }) });
 * ```
 */
export function linear(settings: WarmupSettings = {}): Schedule & { readonly warmup: number } {
  const warmup = warmupOf('linear', settings);
  return {
    kind: 'schedule',
    name: 'linear',
    warmup,
    rateAt: (peak, step, steps) => warm(peak, step, warmup, () => peak * (1 - progress(step, steps, warmup))),
  };
}

/**
 * A rate that falls along half a cosine to 0: `peak / 2 (1 + cos(pi (s - w) / (T - w)))`.
 *
 * @param settings The warmup.
 * @returns The schedule (Loshchilov and Hutter, 2017, equation 5, without restarts).
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { cosine, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, schedule: cosine() });
 * ```
 */
export function cosine(settings: WarmupSettings = {}): Schedule & { readonly warmup: number } {
  const warmup = warmupOf('cosine', settings);
  return {
    kind: 'schedule',
    name: 'cosine',
    warmup,
    rateAt: (peak, step, steps) =>
      warm(peak, step, warmup, () => (peak / 2) * (1 + Math.cos(Math.PI * progress(step, steps, warmup)))),
  };
}

/** Settings of {@link oneCycle}. */
export interface OneCycleSettings {
  /** The share of the steps in which the rate rises, from 0 to 1. Default: 0.3. */
  readonly pctStart?: number;
  /** The rate begins at `peak / div`. Default: 25. */
  readonly div?: number;
  /** The rate ends at `peak / div / finalDiv`. Default: 1e4. */
  readonly finalDiv?: number;
  /** The momentum where the rate is least and where it is at its peak, such as `[0.95, 0.85]`. Default: it stays. */
  readonly momentums?: readonly [number, number];
}

/**
 * A rate that rises along a cosine to its peak and falls along one to almost nothing.
 *
 * @param settings The share of the rise and the two ends.
 * @returns The schedule (Smith, 2018), as PyTorch's `OneCycleLR` computes it.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { oneCycle, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, learningRate: 2e-3, schedule: oneCycle() });
 * ```
 */
export function oneCycle(settings: OneCycleSettings = {}): Schedule & OneCycleSettings {
  assertSettings('oneCycle', settings, { pctStart: 0.3, div: 25, finalDiv: 1e4, momentums: [] });
  const { pctStart = 0.3, div = 25, finalDiv = 1e4, momentums } = settings;
  assertRange('oneCycle', from0To1, { pctStart });
  assertRange('oneCycle', above0, { div, finalDiv });
  if (momentums) assertRange('oneCycle', from0Below1, { 'momentums[0]': momentums[0], 'momentums[1]': momentums[1] });
  const between = (from: number, to: number, share: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  const along = (first: number, peak: number, final: number, step: number, steps: number) => {
    const top = pctStart * steps - 1;
    const last = Math.max(1, steps - 1);
    return step <= top
      ? between(first, peak, top > 0 ? step / top : 1)
      : between(peak, final, last > top ? (step - Math.max(0, top)) / (last - Math.max(0, top)) : 1);
  };
  return {
    kind: 'schedule',
    name: 'oneCycle',
    pctStart,
    div,
    finalDiv,
    rateAt: (peak, step, steps) => along(peak / div, peak, peak / div / finalDiv, step, steps),
    ...(momentums && {
      momentums,
      momentumAt: (step: number, steps: number) => along(momentums[0], momentums[1], momentums[0], step, steps),
    }),
  };
}

/** Settings of {@link slantedTriangular}. */
export interface SlantedTriangularSettings {
  /** The share of the steps in which the rate rises, from 0 to 1. Default: 0.1. */
  readonly cutFraction?: number;
  /** How much smaller the lowest rate is than the peak. Default: 32. */
  readonly ratio?: number;
}

/**
 * A rate that rises fast and falls slowly, in straight lines from `peak / ratio` to the peak and back.
 *
 * @param settings The share of the rise, and the ratio.
 * @returns The schedule of ULMFiT (Howard and Ruder, 2018, equation 3).
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { slantedTriangular, train } from 'tfjs-transfer';
 *
 * train({ epochs: 4, learningRate: 1e-2, schedule: slantedTriangular() });
 * ```
 */
export function slantedTriangular(
  settings: SlantedTriangularSettings = {},
): Schedule & Required<SlantedTriangularSettings> {
  assertSettings('slantedTriangular', settings, { cutFraction: 0.1, ratio: 32 });
  const { cutFraction = 0.1, ratio = 32 } = settings;
  assertRange('slantedTriangular', from0To1, { cutFraction });
  assertRange('slantedTriangular', above0, { ratio });
  return {
    kind: 'schedule',
    name: 'slantedTriangular',
    cutFraction,
    ratio,
    rateAt(peak, step, steps) {
      const cut = Math.floor(steps * cutFraction);
      // The paper divides by `cut (1 / cutFraction - 1)`, which is the number of steps after the cut but for rounding.
      const share = step < cut ? step / cut : 1 - (step - cut) / Math.max(1, cut * (1 / cutFraction - 1) || steps);
      return (peak * (1 + Math.max(0, share) * (ratio - 1))) / ratio;
    },
  };
}
