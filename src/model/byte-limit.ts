import { TransferError } from '../core/errors.ts';

/**
 * Refuses a file that is longer than its model says.
 *
 * @param place What the file is called in the message.
 * @param bytes How many bytes there are, or were counted so far.
 * @param limit How many there may be.
 * @throws TransferError `INVALID_MODEL`.
 */
export function assertWithin(place: string, bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new TransferError(
    'INVALID_MODEL',
    `${place} should take ${limit} bytes, and ${bytes} are there; no more are read. The files are of another model; copy or convert the model again.`,
  );
}

/**
 * Reads a stream, and stops it where it is longer than it may be.
 *
 * @param chunks The stream.
 * @param place What it is called in messages.
 * @param limit How many bytes there may be.
 * @param onBytes Called with the bytes so far.
 */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  place: string,
  limit: number,
  onBytes?: (loaded: number) => void,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let loaded = 0;
  for await (const chunk of chunks) {
    loaded += chunk.byteLength;
    assertWithin(place, loaded, limit);
    parts.push(chunk);
    onBytes?.(loaded);
  }
  return joined(parts);
}

/** Bytes one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
