import { bytesMoved, type TransferProgress } from '../core/progress.ts';
import type { ReadFile } from '../core/store.ts';

/**
 * What reads files and tells somebody of it.
 *
 * @param read What reads them.
 * @param name The model's place.
 * @param onProgress Who is told, if anybody.
 */
export function reporting(read: ReadFile, name: string, onProgress?: (event: TransferProgress) => void): ReadFile {
  if (!onProgress) return read;
  return async (file, settings) => {
    onProgress({ status: 'initiate', name, file });
    let started = false;
    // The weights of a layers-model are as long as they may be; of other files only a server knows.
    const isExact = !/\.(json|safetensors)$/.test(file);
    const onBytes = (loaded: number, size?: number) => {
      if (!started) onProgress({ status: 'download', name, file });
      started = true;
      const total = size ?? (isExact ? Math.max(loaded, settings.limit) : loaded);
      onProgress(bytesMoved(name, file, loaded, total));
    };
    const bytes = await read(file, { ...settings, onBytes });
    onProgress({ status: 'done', name, file });
    return bytes;
  };
}
