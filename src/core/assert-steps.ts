import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';
import { textOf } from './settings.ts';

/** Refuses what is no step of a strategy. */
export function assertSteps(steps: readonly unknown[]): void {
  const stranger = steps.findIndex((step) => !/^(edit|phase)$/.test(kindOf(step) ?? ''));
  if (stranger < 0) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `Step ${stranger + 1} of the strategy, ${textOf(steps[stranger])}, is no edit and no phase. Pass what freeze(), unfreezeTop(n), train({ ... }) and the like return.`,
  );
}
