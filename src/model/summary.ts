import { assertHandle } from '../core/edit.ts';
import type { Base, LayerInfo, TransferModel } from '../core/handle.ts';
import { trainedBy } from './trained.ts';

/**
 * Describes a base or a model as a table: layers, output shapes, parameters, and what trains.
 *
 * @param model The base or model with its settings.
 * @returns The table as text. Its last column says `yes`, `part`, `moving statistics` or nothing.
 * @throws TransferError `INVALID_ORDER` where it is no base and no model.
 *
 * @example
 * ```ts
 * import { pipe, summary, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * console.log(summary(pipe(tinyCnn(), unfreezeTop(1))));
 * ```
 */
export function summary(model: Base | TransferModel): string {
  assertHandle('summary', model);
  const { keys, batchStatistics } = trainedBy(model.layers, model.settings);
  const trained = new Set(keys);
  const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const count = (weights: LayerInfo['weights']) => weights.reduce((sum, { shape }) => sum + size(shape), 0);
  const said = ({ path, weights }: LayerInfo) => {
    const open = weights.filter(({ key }) => trained.has(key)).length;
    const own = weights.filter(({ role }) => role !== 'statistic').length;
    if (open > 0) return open === own ? 'yes' : 'part';
    return batchStatistics.has(path) ? 'moving statistics' : '';
  };
  const rows = model.layers.map((layer) => [
    layer.path,
    layer.className,
    layer.outputShape.map((length) => length ?? '?').join(' x '),
    count(layer.weights).toLocaleString('en'),
    said(layer),
  ]);
  const table = [['Layer', 'Type', 'Output', 'Parameters', 'Trains'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const all = model.layers.flatMap(({ weights }) => weights);
  const total = count(all).toLocaleString('en');
  const open = count(all.filter(({ key }) => trained.has(key))).toLocaleString('en');
  return [...table.map(line), '', `${open} of ${total} parameters train`].join('\n');
}
