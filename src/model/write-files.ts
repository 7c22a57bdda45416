import { TransferError } from '../core/errors.ts';
import { bytesMoved, type TransferSettings } from '../core/progress.ts';
import type { Store, StoredFile } from '../core/store.ts';

/**
 * Writes files to a store, and tells of the progress.
 *
 * @param store The store.
 * @param files The files.
 * @param settings A signal, and who is told.
 * @param target What the user passed, to say what helps where it fails.
 * @throws TransferError `SAVE_FAILED`.
 */
export async function writeFiles(
  store: Pick<Store, 'name' | 'write'>,
  files: readonly StoredFile[],
  settings: TransferSettings,
  target: unknown,
): Promise<void> {
  const { name } = store;
  const report = (status: 'initiate' | 'done') => {
    for (const file of files) settings.onProgress?.({ status, name, file: file.name });
  };
  report('initiate');
  try {
    await store.write(files, { signal: settings.signal, onBytes: counting(files, name, settings) });
  } catch (cause) {
    settings.signal?.throwIfAborted();
    throw cause instanceof TransferError ? cause : saveFailed(target, name, files, cause);
  }
  report('done');
  settings.onProgress?.({ status: 'ready', name });
}

/** Says how far the bytes of each file are. */
const counting =
  (files: readonly StoredFile[], name: string, { onProgress }: TransferSettings) =>
  (file: string, loaded: number) => {
    const total = files.find((one) => one.name === file)?.bytes.byteLength ?? loaded;
    onProgress?.(bytesMoved(name, file, loaded, total));
  };

function saveFailed(target: unknown, name: string, files: readonly StoredFile[], cause: unknown): TransferError {
  const { code, name: kind, message } = cause as Partial<NodeJS.ErrnoException>;
  const reason = typeof code === 'string' ? code : message || kind || String(cause);
  const bytes = files.reduce((sum, file) => sum + file.bytes.byteLength, 0);
  const next =
    code === 'EEXIST' || code === 'ENOTDIR'
      ? 'A file is in its place: choose a folder.'
      : typeof target === 'string'
        ? 'Make room, or choose a folder that can be written to.'
        : 'Make room (remove models that are no longer needed), or save to another store: download(name).';
  const kept = `It needs ${bytes} bytes, beside those that are there. What was there before is unchanged. ${next}`;
  return new TransferError(
    'SAVE_FAILED',
    `The model could not be saved to ${name}: ${reason.replace(/\.$/, '')}. ${files.length ? kept : ''}`.trim(),
    { cause },
  );
}
