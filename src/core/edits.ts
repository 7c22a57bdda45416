import { type Edit, edit, keysOf, pathsOf } from './edit.ts';
import { TransferError } from './errors.ts';
import type { Base, LayerPath, Unit } from './handle.ts';
import { allFrozen, assertBare } from './settings.ts';

/**
 * Freezes the whole base: every weight and every moving statistic stays bit for bit what it is. The head still trains.
 *
 * @returns The edit.
 * @throws TransferError `INVALID_ORDER` where anything is passed: `pipe(base, freeze())`, not `freeze(base)`.
 *
 * @example
 * ```ts
 * import { freeze, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), freeze());
 * console.log(base.settings.trains.size); // 0
 * ```
 */
export function freeze(...given: readonly []): Edit {
  assertBare('freeze', given);
  return edit('freeze', {}, () => ({ trains: allFrozen.trains }));
}

/**
 * Opens the whole base to training.
 *
 * @returns The edit.
 * @throws TransferError `INVALID_ORDER` where anything is passed: `pipe(base, unfreeze())`, not `unfreeze(base)`.
 *
 * @example
 * ```ts
 * import { batchNorm, pipe, unfreeze } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreeze(), batchNorm('train'));
 * ```
 */
export function unfreeze(...given: readonly []): Edit {
  assertBare('unfreeze', given);
  return edit('unfreeze', {}, (model) => ({ trains: keysOf(model, pathsOf(model.units)) }));
}

/**
 * Opens the top of the base to training and freezes the rest.
 *
 * @param top How many units, counted from the output down: a layer with weights together with the BatchNormalization
 * that follows it. Or the name (or the beginning of the names, `'block6a'`) of the first layer that trains.
 * @returns The edit. `unfreezeTop(0)` is {@link freeze}.
 * @throws TransferError `INVALID_ARGUMENT` where the base has fewer units; `NOT_FOUND` where no layer has that name.
 *
 * @example
 * ```ts
 * import { pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeTop('block3'));
 * console.log([...base.settings.trains][0]); // block3_depthwise/depthwise_kernel
 * ```
 */
export function unfreezeTop(top: number | string): Edit {
  return edit('unfreezeTop', { top }, ({ units, ...model }) => {
    const start =
      typeof top === 'number'
        ? units.length - counted(top, units)
        : units.indexOf(unitsNamed('unfreezeTop', top, units)[0] as Unit);
    return { trains: keysOf({ units, ...model } as Base, pathsOf(units.slice(start))) };
  });
}

function counted(top: number, units: readonly Unit[]): number {
  if (Number.isInteger(top) && top >= 0 && top <= units.length) return top;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `unfreezeTop(${top}): the base has ${units.length} layers with weights (a BatchNormalization counts with the layer ` +
      `before it). Pass a whole number from 0 to ${units.length}, or a layer's name.`,
  );
}

/**
 * Opens named layers of the base to training and freezes the rest: surgical fine-tuning (Lee et al., 2023), where the
 * shift between two tasks lies in one place. Everything above the lowest of them runs at each step.
 *
 * @param names The names, or the beginnings of the names, of layers: `'block2'` opens all of that block.
 * @returns The edit.
 * @throws TransferError `INVALID_ARGUMENT` without a name; `NOT_FOUND` where no layer with weights has one of the names.
 *
 * @example
 * ```ts
 * import { pipe, unfreezeOnly } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeOnly('block1'));
 * console.log([...base.settings.trains].every((key) => key.startsWith('block1'))); // true
 * ```
 */
export function unfreezeOnly(...names: readonly [string, ...string[]]): Edit {
  if (names.length < 1) {
    const message = "unfreezeOnly received no names. Pass some, unfreezeOnly('block1'), or freeze() to open none.";
    throw new TransferError('INVALID_ARGUMENT', message);
  }
  return edit('unfreezeOnly', { names }, ({ units, ...model }) => {
    const chosen = names.flatMap((name) => unitsNamed('unfreezeOnly', name, units));
    return { trains: keysOf({ units, ...model } as Base, pathsOf(chosen)) };
  });
}

function unitsNamed(edit: string, name: string, units: readonly Unit[]): readonly Unit[] {
  const exact = units.filter(({ layers }) => layers.includes(name));
  // 'block_1' begins 'block_1_expand', not 'block_10': a number ends where its digits do.
  const begins = (path: LayerPath) =>
    path.startsWith(name) && !/^\d\d/.test(path.slice(name.length - 1, name.length + 1));
  const found = exact.length ? exact : units.filter(({ layers }) => layers.some(begins));
  if (found.length > 0 && name !== '') return found;
  throw new TransferError(
    'NOT_FOUND',
    `${edit}('${name}'): no layer with weights has this name or begins with it. The units are, from input to ` +
      `output: ${units.map((unit) => unit.name).join(', ')}.`,
  );
}

/**
 * Opens the biases of the base to training and freezes the rest: BitFit (Ben Zaken et al., 2022). The offsets of
 * normalisations count as biases; those of BatchNormalization train where {@link batchNorm} is `'train'`.
 *
 * @returns The edit.
 * @throws TransferError `INVALID_ORDER` where anything is passed: `pipe(base, bitFit())`, not `bitFit(base)`.
 *
 * @example
 * ```ts
 * import { bitFit, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), bitFit());
 * console.log([...base.settings.trains].every((key) => /(bias|beta)$/.test(key))); // true
 * ```
 */
export function bitFit(...given: readonly []): Edit {
  assertBare('bitFit', given);
  return edit('bitFit', {}, (model) => {
    const all = keysOf(model, pathsOf(model.units));
    return { trains: new Set([...all].filter((key) => /\/(bias|beta)(_\d+)?$/.test(key))) };
  });
}
