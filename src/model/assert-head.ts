import { TransferError } from '../core/errors.ts';
import type { Head, HeadLayer } from '../core/head.ts';
import { kindOf } from '../core/kind-of.ts';

const tasks = ['classification', 'multiLabel', 'regression', 'tokenClassification'];

/**
 * Refuses a head from a file that is not what was saved.
 *
 * @param head The head.
 * @param place Where it was read, for the message.
 * @throws TransferError `INVALID_MODEL`.
 */
export function assertHead(head: unknown, place: string): asserts head is Head {
  const { task, labels, layers, loss } = (head ?? {}) as Partial<Head>;
  const last = Array.isArray(layers) && layers.every(isHeadLayer) ? layers.at(-1) : undefined;
  const isNamed =
    Array.isArray(labels) &&
    labels.every((label) => typeof label === 'string') &&
    last?.kind === 'dense' &&
    last.units === labels.length;
  if (kindOf(head) === 'head' && kindOf(loss) === 'loss' && tasks.includes(task ?? '') && isNamed) return;
  throw new TransferError(
    'INVALID_MODEL',
    `The head in ${place} is not what was saved: a known task, layers, and a name for each output of the last. Copy the file again.`,
  );
}

function isHeadLayer(layer: HeadLayer | null): boolean {
  if (layer?.kind === 'dropout') return layer.rate >= 0 && layer.rate < 1;
  return layer?.kind === 'dense' && Number.isSafeInteger(layer.units) && ['relu', 'linear'].includes(layer.activation);
}
