import { TransferError } from '../core/errors.ts';

/**
 * Reads a JSON object of a file.
 *
 * @param bytes The file.
 * @param what What it is called at the beginning of a message.
 * @throws TransferError `INVALID_MODEL` where it is no JSON, or no object.
 */
export function jsonObject(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new TransferError('INVALID_MODEL', `${what} is no JSON. Copy the folder again.`, { cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new TransferError('INVALID_MODEL', `${what} is no object. Copy the folder again.`);
}
