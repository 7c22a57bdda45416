import { TransferError } from '../core/errors.ts';

/**
 * A metric's value, which some examples have none of: the area under a curve needs two classes.
 *
 * @param caller What the user called, for the message.
 * @param metric The metric's name.
 * @param value The value.
 * @throws TransferError `INVALID_DATA` where it is NaN or infinite.
 */
export function finiteValue(caller: string, metric: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new TransferError(
    'INVALID_DATA',
    `${caller}: ${metric} is ${value} on these examples. Pass examples of every class, or another metric.`,
  );
}
