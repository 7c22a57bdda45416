import { TransferError } from '../core/errors.ts';

/**
 * Copies the features of one example.
 *
 * @param features The features.
 * @param size How many there must be.
 * @param caller Who received them, for the message.
 * @throws TransferError `INVALID_DATA`.
 */
export function readExample(features: ArrayLike<number>, size: number, caller: string): Float64Array {
  const copy = Float64Array.from(features ?? []);
  if (copy.length !== size) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller} received ${copy.length} features; the head learned from ${size}. Pass the features of one example, of the same base.`,
    );
  }
  if (copy.every(Number.isFinite)) return copy;
  throw new TransferError(
    'INVALID_DATA',
    `${caller} received features that hold NaN or Infinity. Leave the example out, or repair its values.`,
  );
}
