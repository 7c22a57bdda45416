import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { TransferError } from '../../core/errors.ts';

/**
 * Reads a file as text in UTF-8. Other bytes are refused: decoded all the same, they would be learned as wrong letters.
 *
 * @param path The path.
 * @throws TransferError `NOT_FOUND`; `INVALID_DATA` where it is not UTF-8.
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new TransferError('NOT_FOUND', `${path} cannot be read (${cause.code}). Pass the path of a file of texts.`, {
      cause,
    });
  });
  const utf16 = isUtf16(bytes);
  if (!utf16 && isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const [is, name] = utf16
    ? ['it is in UTF-16, and UTF-8 is expected', 'UTF-16']
    : ['it is not in UTF-8; perhaps it is in Latin-1 (Windows-1252)', 'WINDOWS-1252'];
  throw new TransferError(
    'INVALID_DATA',
    `${path}: ${is}. Save it as UTF-8 ("CSV UTF-8" in Excel), or convert it: iconv -f ${name} -t UTF-8.`,
  );
}

/** A byte order mark says so; without one, a letter of ASCII has a byte of zeros beside it. */
const isUtf16 = ([first, second]: Uint8Array) =>
  (first === 0xff && second === 0xfe) ||
  (first === 0xfe && second === 0xff) ||
  (second !== undefined && (first === 0) !== (second === 0));
