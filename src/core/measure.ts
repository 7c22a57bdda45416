import type { Task } from './head.ts';
import { accuracy, type Metric, meanAbsoluteError } from './metrics.ts';
import type { Outcome } from './outcome.ts';

/** What is measured of a task where nothing is asked for. */
export const defaultMetrics = (task: Task): readonly Metric[] => [
  task === 'regression' ? meanAbsoluteError() : accuracy(),
];

/** The numbers of metrics, by name. */
export const measure = (metrics: readonly Metric[], outcome: Outcome): Readonly<Record<string, number>> =>
  Object.fromEntries(metrics.map((metric) => [metric.name, metric.compute(outcome)]));
