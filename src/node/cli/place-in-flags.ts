import { TransferError } from '../../core/errors.ts';

/**
 * Says of a place that cannot be read what to pass as a flag: the advice of the library is code, which stands at the end.
 *
 * @param reading What reads the place.
 * @param advice What to pass instead, a sentence.
 * @returns What was read.
 */
export const placeInFlags = <Value>(reading: Promise<Value>, advice: string): Promise<Value> =>
  reading.catch((cause) => {
    if (!(cause instanceof TransferError && cause.code === 'NOT_FOUND')) throw cause;
    throw new TransferError('NOT_FOUND', `${cause.message.replace(/\. Pass .*$/s, '.')} ${advice}`, { cause });
  });
