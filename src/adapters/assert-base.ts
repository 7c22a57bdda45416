import { TransferError } from '../core/errors.ts';
import type { Base } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';

/**
 * Refuses what is no base.
 *
 * @param caller Who received it.
 * @param base What was received.
 */
export function assertBase(caller: string, base: unknown): asserts base is Base {
  if (kindOf(base) === 'base') return;
  throw new TransferError(
    'INVALID_ORDER',
    `${caller} received ${kindOf(base) ? `a value of kind "${kindOf(base)}"` : typeof base}, not a base. Pass what loadBase or asBase returns (await loadBase first).`,
  );
}
