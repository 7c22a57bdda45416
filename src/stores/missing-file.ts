import { TransferError } from '../core/errors.ts';

/**
 * The error for a file that a store does not have.
 *
 * @param store The store's name.
 * @param file The file.
 * @param there The files that are there.
 */
export function missingFile(store: string, file: string, there: readonly string[]): TransferError {
  const found = there.length > 0 ? `It has ${there.join(', ')}.` : 'Nothing was saved there.';
  return new TransferError(
    'NOT_FOUND',
    `${store} has no ${file}. ${found} Check the name; a model needs its model.json and the weights that it names.`,
  );
}
