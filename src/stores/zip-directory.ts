import { TransferError } from '../core/errors.ts';

/** Bytes that can be read from anywhere. */
export interface Archive {
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

/** A file in a zip, as its directory says. */
export interface ZipEntry {
  readonly name: string;
  /** 0: as it is; 8: deflated. */
  readonly method: number;
  readonly crc: number;
  /** Bytes in the zip. */
  readonly packed: number;
  /** Bytes that it says it unpacks to; nothing is trusted to it. */
  readonly unpacked: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/**
 * Reads the directory of a zip (APPNOTE.TXT 4.3.12 and 4.3.16).
 *
 * @param archive The zip.
 * @param title What it is called in messages.
 * @throws TransferError `INVALID_MODEL` where it is no zip, encrypted, larger than 4 GB, or has a name that leads out of
 * its folder or stands twice.
 */
export async function readDirectory(archive: Archive, title: string): Promise<ReadonlyMap<string, ZipEntry>> {
  const refuse = (why: string) => new TransferError('INVALID_MODEL', `${title} ${why}. Save the model again.`);
  const tailStart = Math.max(0, archive.size - 22 - 0xffff);
  const tail = view(await archive.read(tailStart, archive.size));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== endSignature) end--;
  if (end < 0) throw refuse('is no zip, or it is cut off');
  const [count, size, start] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (start === 0xffffffff || count === 0xffff) throw refuse('is a zip of more than 4 GB or 65534 files');
  if (start + size > tailStart + end) throw refuse('is damaged: its directory is not where it should be');
  const directory = view(await archive.read(start, start + size));
  const entries = new Map<string, ZipEntry>();
  for (let index = 0, at = 0; index < count; index++) {
    if (at + 46 > size || directory.getUint32(at, true) !== entrySignature) throw refuse('is damaged in its directory');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => directory.getUint16(at + field, true));
    const nameBytes = new Uint8Array(
      directory.buffer,
      directory.byteOffset + at + 46,
      Math.min(nameLength as number, size - at - 46),
    );
    const entry: ZipEntry = {
      name: new TextDecoder().decode(nameBytes),
      method: directory.getUint16(at + 10, true),
      crc: directory.getUint32(at + 16, true),
      packed: directory.getUint32(at + 20, true),
      unpacked: directory.getUint32(at + 24, true),
      offset: directory.getUint32(at + 42, true),
    };
    const said = JSON.stringify(entry.name);
    if (leadsOut(entry.name)) throw refuse(`names ${said}, which leads out of its folder, and is refused whole`);
    if (entries.has(entry.name)) throw refuse(`has ${said} twice`);
    if (directory.getUint16(at + 8, true) & 1) throw refuse(`has ${said} encrypted`);
    entries.set(entry.name, entry);
    at += 46 + (nameLength as number) + (extraLength as number) + (commentLength as number);
  }
  return entries;
}

const leadsOut = (name: string) => /^[\\/]|^[a-z]:|\\|\0|(^|\/)\.\.(\/|$)/i.test(name);

/** Bytes as numbers. */
export const view = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength);
