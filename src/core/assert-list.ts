import { TransferError } from './errors.ts';
import { textOf } from './settings.ts';

/** Refuses what is no array, or an empty one. */
export function assertList(caller: string, given: unknown, example: string): void {
  if (Array.isArray(given) && given.length > 0) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received ${textOf(given)}. Pass an array, such as ${example}.`,
  );
}
