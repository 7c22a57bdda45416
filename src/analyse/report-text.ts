import type { Estimate } from './transfer-measures.ts';
import type { TransferReport } from './transfer-report.ts';

/**
 * A report as lines of text: the verdict, each number with its interval, and the time to the threshold.
 *
 * @param report The report.
 * @returns The text, its lines separated by line feeds, without one at the end.
 *
 * @example
 * ```ts
 * import type { TransferReport } from 'tfjs-transfer/analyse';
 * import { reportText } from 'tfjs-transfer/analyse';
 *
 * const show = (report: TransferReport) => console.log(reportText(report)); // positive transfer, over 5 seeds ...
 * ```
 */
export function reportText(report: TransferReport): string {
  const { verdict, seeds, metric, jumpstart, asymptote, totalReward, ratio, timeToThreshold, zeroStep } = report;
  const { threshold, transfer = 'never', scratch = 'never' } = timeToThreshold;
  const numbers = { jumpstart, asymptote, 'total reward': totalReward, ratio };
  return [
    seeds.length === 1 ? 'no verdict of one seed: pass two or more' : `${verdict} transfer, over ${seeds.length} seeds`,
    ...Object.entries(numbers).map(([name, value]) => `${name.padEnd(13)} ${estimateText(value)}`),
    `epochs to ${metric} ${threshold.toFixed(3)}: ${transfer}, from scratch ${scratch}`,
    ...(zeroStep
      ? [`without a step ${zeroStep.transfer.toFixed(3)}, from scratch ${zeroStep.scratch.toFixed(3)}`]
      : []),
  ].join('\n');
}

const estimateText = ({ mean, interval }: Estimate) =>
  `${mean.toFixed(3)}${interval ? ` (${interval.map((end) => end.toFixed(3)).join(' to ')})` : ''}`;
