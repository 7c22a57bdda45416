import { TransferError } from './errors.ts';
import type { Task } from './head.ts';
import { accuracy, type Metric, meanAbsoluteError } from './metrics.ts';
import type { Outcome } from './outcome.ts';

/** What is measured of a task where nothing is asked for. */
export const defaultMetrics = (task: Task): readonly Metric[] => [
  task === 'regression' ? meanAbsoluteError() : accuracy(),
];

/**
 * Refuses metrics of one name: their numbers are told apart by it.
 *
 * @param caller Who received them, for the message.
 * @param metrics The metrics.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertNames(caller: string, metrics: readonly Metric[] = []): void {
  const names = metrics.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) < index);
  if (double === undefined) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received two metrics named ${double}. Give each a name of its own: { ...${double}(...), name: '...' }.`,
  );
}

/** The numbers of metrics, by name. */
export const measure = (metrics: readonly Metric[], outcome: Outcome): Readonly<Record<string, number>> =>
  Object.fromEntries(metrics.map((metric) => [metric.name, metric.compute(outcome)]));
