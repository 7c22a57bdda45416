import { TransferError } from './errors.ts';
import { textOf } from './settings.ts';

/**
 * Refuses what is no array.
 *
 * @param caller The function that received it, for the message.
 * @param given What it received.
 * @param example What to pass.
 * @param fewest How many values it must have.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertList(caller: string, given: unknown, example: string, fewest = 0): void {
  if (Array.isArray(given) && given.length >= fewest) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received ${textOf(given)}. Pass an array, such as ${example}.`,
  );
}
