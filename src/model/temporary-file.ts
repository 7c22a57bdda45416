import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';

/** A file that nobody else sees, for what does not fit into memory. */
export interface TemporaryFile {
  /** Writes bytes at a position. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Ends the writing: reading begins. */
  seal(): Promise<void>;
  /** Fills an array with the bytes from a position on. */
  read(into: Uint8Array, at: number): Promise<void>;
  /** Removes the file. It waits for what is being read, and never fails. */
  remove(): Promise<void>;
}

/** A place for temporary files. */
export interface TemporaryFiles {
  /** What it is called in messages. */
  readonly name: string;
  /** How many bytes are free, as far as the system says. */
  free(): Promise<number>;
  create(): Promise<TemporaryFile>;
}

/**
 * The place for temporary files: in Node the system's folder for them (`TMPDIR`), in a browser the origin private file
 * system.
 *
 * @throws TransferError `UNSUPPORTED` where there is none.
 */
export async function temporaryFiles(): Promise<TemporaryFiles> {
  if (nodeBuiltin('node:fs/promises')) return (await import('./disk-files.ts')).diskFiles();
  if (!globalThis.navigator?.storage?.getDirectory) {
    throw new TransferError(
      'UNSUPPORTED',
      'There is no place for temporary files here: browsers have one on pages with https (or of localhost).',
    );
  }
  return (await import('./opfs-files.ts')).opfsFiles();
}
