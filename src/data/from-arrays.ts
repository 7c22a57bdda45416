import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { type Dense, denseOf, isArrayLike, type NestedNumbers, shapeText } from '../model/dense.ts';
import { inMemory } from './memory.ts';

/** The values of all examples of one input in one row, with their shape: `[examples, ...shape]`. */
export interface ShapedValues {
  readonly values: ArrayLike<number>;
  readonly shape: readonly number[];
}

/**
 * Makes examples of plain or typed arrays.
 *
 * @param inputs The inputs: nested arrays whose first axis is the example (`number[][]`, `Float32Array[]`, ...), or
 * `{ values, shape }` with the shape `[examples, ...shape]`; of a model with several inputs an array of such records.
 * @param targets The target of each example: a class index, or one number for each label or output.
 * @returns The examples, which keep a copy.
 * @throws TransferError `INVALID_DATA` where rows differ in length, values do not fill the shape, or inputs and targets
 * differ in number; when read, where the shape is not that of the model's input.
 *
 * @example
 * ```ts
 * import { fromArrays } from 'tfjs-transfer/data';
 *
 * const rows = fromArrays([[5.1, 3.5], [6.2, 2.9], [4.9, 3.1]], [0, 1, 0]);
 * const same = fromArrays({ values: Float32Array.of(5.1, 3.5, 6.2, 2.9, 4.9, 3.1), shape: [3, 2] }, [0, 1, 0]);
 * console.log(rows.size, same.size); // 3 3
 * ```
 */
export function fromArrays(
  inputs: readonly NestedNumbers[] | ShapedValues | readonly ShapedValues[],
  targets: readonly Target[],
): Examples {
  if (!Array.isArray(targets)) {
    throw new TransferError('INVALID_DATA', 'fromArrays: the targets are no array. Pass one target for each example.');
  }
  return inMemory(densesOf(inputs), targets, 'fromArrays');
}

const isShaped = (value: unknown): value is ShapedValues =>
  isArrayLike((value as Partial<ShapedValues> | null)?.values) && Array.isArray((value as ShapedValues).shape);

function densesOf(inputs: readonly NestedNumbers[] | ShapedValues | readonly ShapedValues[]): Dense[] {
  if (isShaped(inputs)) return [shaped(inputs)];
  if (!Array.isArray(inputs)) {
    throw new TransferError(
      'INVALID_DATA',
      'fromArrays: the inputs are no array of examples and no { values, shape }. A typed array needs its shape: pass { values, shape }.',
    );
  }
  if (inputs.length > 0 && inputs.every(isShaped)) return inputs.map(shaped);
  return [denseOf(inputs as readonly NestedNumbers[], 'fromArrays: inputs')];
}

function shaped({ values, shape }: ShapedValues): Dense {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== values.length) {
    throw new TransferError(
      'INVALID_DATA',
      `fromArrays: ${values.length} values do not fill the shape ${shapeText(shape)}, which takes ${size}. Correct the shape.`,
    );
  }
  return { values: new Float32Array(values), shape: [...shape] };
}
