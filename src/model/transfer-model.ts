import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';

/** Whether a value is a base with a head. */
export function isTransferModel(value: unknown): value is TransferModel {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'transfer';
}

/**
 * Refuses what is no base with a head.
 *
 * @param model What a caller passed.
 * @throws TransferError `INVALID_ORDER`.
 */
export function assertTransferModel(model: unknown): asserts model is TransferModel {
  if (isTransferModel(model)) return;
  const isBase = kindOf(model) === 'base';
  const received = model instanceof Promise ? 'a promise (await it first)' : model === null ? 'null' : typeof model;
  throw new TransferError(
    'INVALID_ORDER',
    isBase
      ? 'The base has no head to train, measure or predict with. Attach one: pipe(base, attachHead(classifier(labels))).'
      : `Received ${received} in place of a model. Pass what attachHead or loadModel returns, or a run's .model.`,
  );
}
