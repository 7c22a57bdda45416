import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';

/**
 * Passes a value through functions, from left to right.
 *
 * @param value The value. Up to five functions follow it: edits, {@link attachHead}.
 * @returns What the last function returns.
 * @throws TransferError `INVALID_ORDER` where a step is no function.
 *
 * @example
 * ```ts
 * import { attachHead, freeze, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), freeze(), unfreezeTop(2), attachHead(classifier(['cat', 'dog'])));
 * ```
 */
export function pipe<A>(value: A): A;
export function pipe<A, B>(value: A, f: (value: A) => B): B;
export function pipe<A, B, C>(value: A, f: (value: A) => B, g: (value: B) => C): C;
export function pipe<A, B, C, D>(value: A, f: (value: A) => B, g: (value: B) => C, h: (value: C) => D): D;
export function pipe<A, B, C, D, E>(
  value: A,
  f: (value: A) => B,
  g: (value: B) => C,
  h: (value: C) => D,
  i: (value: D) => E,
): E;
export function pipe<A, B, C, D, E, F>(
  value: A,
  f: (value: A) => B,
  g: (value: B) => C,
  h: (value: C) => D,
  i: (value: D) => E,
  j: (value: E) => F,
): F;
export function pipe(value: unknown, ...functions: readonly ((value: never) => unknown)[]): unknown {
  return functions.reduce((current, f, index) => {
    if (typeof f !== 'function') throw notAFunction(f, index);
    return f(current as never);
  }, value);
}

function notAFunction(given: unknown, index: number): TransferError {
  const kind = Array.isArray(given) ? 'strategy' : kindOf(given);
  const remedy =
    kind === 'head'
      ? 'Wrap it: attachHead(head).'
      : kind === 'strategy'
        ? 'A strategy goes to fineTune(model, data, strategy).'
        : 'The value to begin with comes first; edits such as freeze(), and attachHead(head), follow.';
  return new TransferError(
    'INVALID_ORDER',
    `pipe received ${kind ? `a ${kind}` : String(given)} as step ${index + 1}, which is no function. ${remedy}`,
  );
}
