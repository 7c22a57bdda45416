/**
 * Passes a value through functions, from left to right.
 *
 * @param value The value. Up to five functions follow it: edits, {@link attachHead}.
 * @returns What the last function returns.
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
  return functions.reduce((current, f) => f(current as never), value);
}
