import { TransferError } from '../core/errors.ts';
import { bytesMoved, type TransferSettings } from '../core/progress.ts';
import type { Store, StoredFile } from '../core/store.ts';

/**
 * Writes files that stand beside a model.
 *
 * @param store Where to.
 * @param files The files; the last one names or describes the others.
 * @param settings A signal, and who is told of the progress.
 * @throws TransferError `SAVE_FAILED`.
 */
export async function writeFiles(
  store: Store,
  files: readonly StoredFile[],
  { signal, onProgress }: TransferSettings,
): Promise<void> {
  const { name } = store;
  const sizeOf = (file: string) => files.find((one) => one.name === file)?.bytes.byteLength ?? 0;
  for (const file of files) onProgress?.({ status: 'initiate', name, file: file.name });
  const onBytes = (file: string, loaded: number) => onProgress?.(bytesMoved(name, file, loaded, sizeOf(file)));
  await store.write(files, { signal, onBytes }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    if (cause instanceof TransferError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TransferError(
      'SAVE_FAILED',
      `Nothing was saved to ${name}: ${reason}. Make room, or choose another place.`,
      {
        cause,
      },
    );
  });
  for (const file of files) onProgress?.({ status: 'done', name, file: file.name });
  onProgress?.({ status: 'ready', name });
}
