import type { Base, TransferModel } from '../core/handle.ts';
import type { TransferSettings } from '../core/progress.ts';
import type { Store } from '../core/store.ts';
import { readableAt } from '../model/artifacts.ts';
import { assertPlace, nameOfPlace } from '../model/byte-reader.ts';
import { reporting } from '../model/report-reading.ts';

/**
 * Opens the place of files that stand beside a model.
 *
 * @param model The model that they belong to: none has more bytes than its weights twice.
 * @param source The path or URL of the folder, or a store.
 * @param caller Who received it, for the message.
 * @param settings A signal, and who is told of the progress.
 */
export async function openFiles(
  { layers }: Base | TransferModel,
  source: string | Store,
  caller: string,
  { signal, onProgress }: TransferSettings,
): Promise<{ readonly read: (file: string) => Promise<Uint8Array>; readonly name: string }> {
  assertPlace(caller, source);
  const name = nameOfPlace(source);
  const place = await readableAt(source);
  const open = reporting(await place.open({ signal }), name, onProgress);
  const count = layers
    .flatMap(({ weights }) => weights)
    .reduce((sum, { shape }) => sum + shape.reduce((size, length) => size * length, 1), 0);
  const limit = 8 * count + 2 ** 20;
  return { read: (file) => open(file, { limit, signal }), name };
}
