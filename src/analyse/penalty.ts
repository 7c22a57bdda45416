import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';

/** The penalty of a learner, 1 where none is given. */
export function assertPositive(caller: string, settings: { readonly penalty?: number }): number {
  assertSettings(caller, settings, { penalty: 1 });
  const { penalty = 1 } = settings;
  if (penalty > 0 && Number.isFinite(penalty)) return penalty;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received penalty: ${penalty}. Pass a number above 0, such as 1: without a penalty there may be no solution.`,
  );
}
