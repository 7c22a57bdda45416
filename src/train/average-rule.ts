import type { AverageRule } from '../core/averages.ts';
import { TransferError } from '../core/errors.ts';
import type { Phase } from '../core/strategy.ts';

/**
 * How a phase averages its weights.
 *
 * @param phase The phase.
 * @returns The rule of its callback; undefined where none averages.
 * @throws TransferError `INVALID_ARGUMENT` where several do, or where the average would begin after the last epoch.
 */
export function averageRule({ callbacks = [], epochs }: Phase): AverageRule | undefined {
  const averaging = callbacks.filter(({ average }) => average);
  const rule = averaging[0]?.average?.();
  if (averaging.length > 1) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `The callbacks ${averaging.map(({ name }) => name).join(' and ')} both average the weights of one phase. Pass one of them.`,
    );
  }
  if (rule && rule.from > epochs) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${averaging[0]?.name} begins with epoch ${rule.from} of a phase that has ${epochs}. Pass a number from 1 to ${epochs} as from.`,
    );
  }
  return rule;
}
