import { TransferError } from './errors.ts';
import type { EpochRecord } from './events.ts';
import type { Metric } from './metrics.ts';
import { assertRange, from0 } from './ranges.ts';
import { assertSettings, type Known } from './settings.ts';

/** What a callback watches. */
export interface MonitorSettings {
  /**
   * `loss` (the default), of the validation split where there is one, else of training; or the name of a metric, which
   * needs a validation split. The loss is better where it is lower, a metric as it says: {@link Metric.better}.
   */
  readonly monitor?: string;
  /** How much better counts as better, from 0 (the default). */
  readonly minDelta?: number;
}

/** Refuses settings that a callback does not know, or that are out of their range. */
export function assertMonitor<Settings extends MonitorSettings>(
  caller: string,
  settings: Settings,
  own: Omit<Known<Settings>, keyof MonitorSettings>,
): void {
  assertSettings(caller, settings, { ...own, monitor: 'loss', minDelta: 0 } as Known<Settings>);
  assertRange(caller, from0, { minDelta: settings.minDelta ?? 0 });
}

/** Whether numbers of a metric are better where they are lower. */
export const lowerIsBetter = ({ name, better }: Pick<Metric, 'name' | 'better'>): boolean =>
  better ? better === 'lower' : /loss|error/i.test(name);

/** Reads the monitored number, turned so that higher is better. */
function monitored({ loss, validation }: EpochRecord, monitor: string, metrics: readonly Metric[]): number {
  const numbers: Readonly<Record<string, number>> = { ...validation?.metrics, loss: validation?.loss ?? loss };
  const value = numbers[monitor];
  const metric = metrics.find(({ name }) => name === monitor && name !== 'loss');
  if (value !== undefined) return lowerIsBetter(metric ?? { name: monitor }) ? -value : value;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `A callback monitors '${monitor}', which the phase does not measure. It measures ${Object.keys(numbers).join(', ')}. ` +
      'Monitor one of these, or add the metric, train({ metrics: [...] }), which needs a validation split.',
  );
}

/**
 * An observer that says whether the monitored number is the best so far. Of equal numbers the one with the lower
 * validation loss is better: a share of few examples is coarse.
 */
export function improves(
  { monitor = 'loss', minDelta = 0 }: MonitorSettings,
  metrics: readonly Metric[] = [],
): (epoch: EpochRecord) => boolean {
  let best = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  return (epoch) => {
    const value = monitored(epoch, monitor, metrics);
    const loss = epoch.validation?.loss ?? epoch.loss;
    const better = value > best + minDelta || (value === best && loss < lowest - minDelta);
    if (better) [best, lowest] = [value, loss];
    return better;
  };
}
