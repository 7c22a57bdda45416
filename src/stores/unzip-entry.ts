import { TransferError } from '../core/errors.ts';
import { assertWithin, joined } from '../model/byte-limit.ts';
import type { Fflate } from './fflate.ts';
import { type Archive, view, type ZipEntry } from './zip-directory.ts';

/** What is read at a time: unpacked it is at most a thousand times as much. */
const pieceSize = 16 * 2 ** 10;

/** Weights do not shrink to a hundredth; what does is a bomb, unless it is small. */
const largestRatio = 100;
const small = 16 * 2 ** 20;

/**
 * Unpacks a file of a zip, piece by piece, and counts what comes out of it: what its header declares is not believed.
 *
 * @param archive The zip.
 * @param entry The file.
 * @param title What it is called in messages.
 * @param limit The most bytes that it may have.
 * @param fflate The package.
 * @param onPiece Called after each piece, with the bytes so far; it may throw to stop.
 * @throws TransferError `INVALID_MODEL` where it is damaged, or unpacks to more than it should.
 */
export async function unzipEntry(
  archive: Archive,
  entry: ZipEntry,
  title: string,
  limit: number,
  fflate: Fflate,
  onPiece: (loaded: number) => void,
): Promise<Uint8Array> {
  const start = await dataStart(archive, entry, title);
  const parts: Uint8Array[] = [];
  const most = Math.max(small, largestRatio * entry.packed);
  let loaded = 0;
  let crc = -1;
  const add = (part: Uint8Array) => {
    loaded += part.byteLength;
    assertWithin(title, loaded, limit);
    if (loaded > most) {
      const message = `${title} takes ${entry.packed} bytes in the zip and unpacks to more than ${most}: a zip bomb, or no weights. Unpack it by yourself, if you trust it, and load the folder.`;
      throw new TransferError('INVALID_MODEL', message);
    }
    crc = crcOf(part, crc);
    parts.push(part);
  };
  if (entry.method !== 0 && entry.method !== 8) throw damaged(title, `it is packed by method ${entry.method}`);
  const inflate = entry.method === 8 ? new fflate.Inflate(add) : undefined;
  for (let at = 0; at < entry.packed; at += pieceSize) {
    const stop = Math.min(at + pieceSize, entry.packed);
    const piece = await archive.read(start + at, start + stop);
    try {
      if (inflate) inflate.push(piece, stop === entry.packed);
      else add(piece);
    } catch (cause) {
      throw cause instanceof TransferError ? cause : damaged(title, String(cause), cause);
    }
    onPiece(loaded);
  }
  if (loaded !== entry.unpacked) throw damaged(title, `it has ${loaded} bytes and says that it has ${entry.unpacked}`);
  if (~crc >>> 0 !== entry.crc) throw damaged(title, 'its check sum is another one');
  return joined(parts);
}

const damaged = (title: string, why: string, cause?: unknown) =>
  new TransferError('INVALID_MODEL', `${title} is damaged: ${why}. Copy the zip again.`, { cause });

/** The local header repeats the name, and may have other extra fields than the directory. */
async function dataStart(archive: Archive, { offset, packed }: ZipEntry, title: string): Promise<number> {
  const header = view(await archive.read(offset, Math.min(offset + 30, archive.size)));
  if (header.byteLength < 30 || header.getUint32(0, true) !== 0x04034b50) throw damaged(title, 'it has no header');
  const start = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + packed > archive.size) throw damaged(title, 'it is cut off');
  return start;
}

let table: Uint32Array | undefined;

/** CRC-32 of ISO 3309, as zips have it; -1 begins, and the complement of the last one is the sum. */
function crcOf(bytes: Uint8Array, crc: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
    return byte;
  });
  for (const byte of bytes) crc = (table[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return crc;
}
