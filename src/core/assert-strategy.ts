import { assertSteps } from './assert-steps.ts';
import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';
import { textOf } from './settings.ts';
import type { Strategy } from './strategy.ts';

/**
 * Refuses what is no strategy.
 *
 * @param strategy The steps.
 * @throws TransferError `INVALID_ORDER` where it is empty or ends with an edit; `INVALID_ARGUMENT` where it holds
 * anything else.
 */
export function assertStrategy(strategy: unknown): asserts strategy is Strategy {
  if (!Array.isArray(strategy)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `The strategy is ${kindOf(strategy) ? `a single ${kindOf(strategy)}` : textOf(strategy)}. Pass sequence(train({ epochs })), or a recipe such as linearProbe().`,
    );
  }
  assertSteps(strategy);
  const last = strategy.at(-1);
  if (last?.kind === 'phase') return;
  throw new TransferError(
    'INVALID_ORDER',
    last
      ? `The strategy ends with the edit ${String(last.name)}, which nothing trains after. Add train({ epochs }) behind it, or take it away.`
      : 'The strategy is empty. Pass at least one phase, such as train({ epochs: 10 }) or linearProbe({ epochs: 10 }).',
  );
}
