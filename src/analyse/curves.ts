import { meanCurve } from './transfer-measures.ts';
import type { TransferReport } from './transfer-report.ts';

/**
 * The curves of a report as comma-separated values: a line for each learner, seed and epoch.
 *
 * @param report The report.
 * @returns The text: the heading `learner,seed,epoch,<metric>`, then the lines, each with its end. Epochs count from 0.
 *
 * @example
 * ```ts
 * import type { TransferReport } from 'tfjs-transfer/analyse';
 * import { curvesCsv } from 'tfjs-transfer/analyse';
 *
 * const first = (report: TransferReport) => curvesCsv(report).split('\n')[0]; // learner,seed,epoch,accuracy
 * ```
 */
export function curvesCsv({ curves, seeds, metric }: TransferReport): string {
  const rows = (['transfer', 'scratch'] as const).flatMap((learner) =>
    curves[learner].flatMap((curve, i) => curve.map((value, epoch) => `${learner},${seeds[i]},${epoch},${value}`)),
  );
  return [`learner,seed,epoch,${metric}`, ...rows, ''].join('\n');
}

const colours = { transfer: '#0b6e4f', scratch: '#c1121f' } as const;
const [width, height, left, top] = [640, 360, 48, 40];
const [plotWidth, plotHeight] = [width - left - 130, height - top - 48];

/**
 * The curves of a report as a picture in SVG: each seed a thin line, their mean a thick one.
 *
 * @param report The report.
 * @param title What stands above it, as text. Default: the verdict.
 * @returns The `<svg>` element as text, 640 by 360 units.
 *
 * @example
 * ```ts
 * import type { TransferReport } from 'tfjs-transfer/analyse';
 * import { curvesSvg } from 'tfjs-transfer/analyse';
 *
 * const page = (report: TransferReport) => `<h1>Drinks</h1>${curvesSvg(report)}`;
 * ```
 */
export function curvesSvg(report: TransferReport, title = `${report.verdict} transfer`): string {
  const { curves, metric } = report;
  const all = [...curves.transfer, ...curves.scratch];
  const values = all.flat();
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const epochs = Math.max(1, ...all.map((curve) => curve.length - 1));
  const x = (epoch: number) => (left + (epoch / epochs) * plotWidth).toFixed(1);
  const y = (value: number) => (top + (1 - (value - low) / (high - low || 1)) * plotHeight).toFixed(1);
  const line = (curve: readonly number[], colour: string, stroke: number, opacity: number) =>
    `<polyline points="${curve.map((value, epoch) => `${x(epoch)},${y(value)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="${stroke}" opacity="${opacity}"/>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = low + share * (high - low);
    return `<line x1="${left}" x2="${left + plotWidth}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>
<text x="${left - 8}" y="${y(value)}" text-anchor="end" dominant-baseline="middle">${value.toFixed(2)}</text>`;
  });
  const learners = (['transfer', 'scratch'] as const).map(
    (learner, i) => `${curves[learner].map((curve) => line(curve, colours[learner], 1, 0.4)).join('\n')}
${line(meanCurve(curves[learner]), colours[learner], 2.5, 1)}
<text x="${left + plotWidth + 10}" y="${top + 16 + i * 20}" fill="${colours[learner]}">${learner === 'scratch' ? 'from scratch' : learner}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${asText(title)}</title>
<rect width="100%" height="100%" fill="white"/>
<text x="${left}" y="22" font-size="15">${asText(title)}</text>
${grid.join('\n')}
<text x="${left + plotWidth / 2}" y="${height - 12}" text-anchor="middle">epoch</text>
<text x="14" y="${top + plotHeight / 2}" text-anchor="middle" transform="rotate(-90 14 ${top + plotHeight / 2})">${asText(metric)}</text>
${learners.join('\n')}
</svg>
`;
}

const asText = (text: string) => text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
