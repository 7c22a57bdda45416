import { TransferError } from '../core/errors.ts';

/** Numbers in arrays in arrays, or in typed arrays at the innermost level. */
export type NestedNumbers = number | ArrayLike<number> | readonly NestedNumbers[];

/** Numbers in one row, and the shape that they have. */
export interface Dense {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Whether a value is an array or a typed array. */
export const isArrayLike = (value: unknown): value is ArrayLike<NestedNumbers> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/**
 * Puts nested numbers in one row, after a look at their shape.
 *
 * @param nested The numbers.
 * @param what What they are called in a message.
 * @throws TransferError `INVALID_DATA` where rows differ in length or something is no number.
 */
export function denseOf(nested: NestedNumbers, what: string): Dense {
  const shape: number[] = [];
  for (let part: unknown = nested; isArrayLike(part); part = part[0]) shape.push(part.length);
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
  let filled = 0;
  const fill = (part: unknown, depth: number, place: string) => {
    if (depth === shape.length && typeof part === 'number') {
      values[filled++] = part;
    } else if (isArrayLike(part) && part.length === shape[depth]) {
      for (let i = 0; i < part.length; i++) fill(part[i], depth + 1, `${place}[${i}]`);
    } else {
      const received = isArrayLike(part)
        ? `an array of ${part.length}`
        : `${typeof part === 'number' ? part : typeof part}`;
      const expected = depth === shape.length ? 'a number' : `an array of ${shape[depth]}, as before it`;
      throw new TransferError(
        'INVALID_DATA',
        `${place} is ${received}; expected ${expected}. Bring all examples to one shape (pad sequences to one length).`,
      );
    }
  };
  fill(nested, 0, what);
  return { values, shape };
}

/**
 * Whether a shape is the one that an input has.
 *
 * @param shape The shape of one example.
 * @param wanted The shape of the input; null stands for any length.
 */
export const fitsShape = (shape: readonly number[], wanted: readonly (number | null)[]) =>
  shape.length === wanted.length && wanted.every((length, axis) => length === null || length === shape[axis]);

/** A shape as messages show it: `[224, 224, 3]`, `any` where a length is open. */
export const shapeText = (shape: readonly (number | null)[]) =>
  `[${shape.map((length) => length ?? 'any').join(', ')}]`;
