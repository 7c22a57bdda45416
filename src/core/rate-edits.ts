import { type Edit, edit } from './edit.ts';
import { TransferError } from './errors.ts';
import type { BatchNormPolicy, Unit } from './handle.ts';
import { assertSettings } from './settings.ts';

/**
 * Says how BatchNormalization above the frontier behaves while training.
 *
 * @param policy `frozen` (the default of every base): inference mode, nothing changes, right for small data.
 * `statistics`: batch statistics, moving ones updated, gamma and beta fixed. `train`: everything, for training from
 * scratch or on much data.
 * @returns The edit.
 * @throws TransferError `INVALID_ARGUMENT` where the policy is none of the three.
 *
 * @example
 * ```ts
 * import { batchNorm, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeTop(2), batchNorm('statistics'));
 * ```
 */
export function batchNorm(policy: BatchNormPolicy): Edit {
  if (!['frozen', 'statistics', 'train'].includes(policy)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `batchNorm('${String(policy)}'): pass 'frozen', 'statistics' or 'train'.`,
    );
  }
  return edit('batchNorm', { policy }, () => ({ batchNorm: policy }));
}

/** Settings of {@link discriminative}. */
export interface DiscriminativeSettings {
  /** The factor from one group to the one below it. Default: 0.5. ULMFiT uses 1 / 2.6. */
  readonly decay?: number;
  /** In place of `decay`: the factor of the lowest group, the others evenly between it and 1. fastai uses 1 / 100. */
  readonly lowest?: number;
}

/**
 * Lowers the learning rate from the output down: the head keeps its rate, the top group of the base has `decay` times
 * the base's rate, the next one `decay^2`. A group is a block where names show blocks, else a unit. Updates are scaled,
 * not gradients.
 *
 * @param settings The decay, or the lowest factor.
 * @returns The edit (Howard and Ruder, 2018, section 3.2).
 * @throws TransferError `INVALID_ARGUMENT` where the decay, or the lowest factor, is not above 0 and at most 1.
 *
 * @example
 * ```ts
 * import { discriminative, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeTop(4), discriminative({ decay: 0.5 }));
 * ```
 */
export function discriminative(settings: DiscriminativeSettings = {}): Edit {
  assertSettings('discriminative', settings, { decay: 0.5, lowest: 0.01 });
  const { lowest, decay = 0.5 } = settings;
  if (lowest !== undefined && settings.decay !== undefined) {
    throw new TransferError('INVALID_ARGUMENT', 'discriminative received decay and lowest. Pass one of them.');
  }
  const factor = lowest ?? decay;
  if (!(factor > 0 && factor <= 1)) {
    const name = lowest === undefined ? 'decay' : 'lowest';
    throw new TransferError(
      'INVALID_ARGUMENT',
      `discriminative({ ${name}: ${factor} }): pass a ${name} above 0 and at most 1.`,
    );
  }
  return edit('discriminative', settings as Readonly<Record<string, unknown>>, ({ units }) => {
    const groups = [...new Set(units.map(({ group }) => group))].reverse();
    const each = lowest === undefined ? decay : lowest ** (1 / groups.length);
    const rate = ({ group }: Unit) => each ** (groups.indexOf(group) + 1);
    return { rates: new Map(units.flatMap((unit) => unit.layers.map((path) => [path, rate(unit)] as const))) };
  });
}
