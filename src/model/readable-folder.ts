import { TransferError } from '../core/errors.ts';
import { nodeBuiltin } from '../core/host.ts';
import type { ReadSettings } from '../core/store.ts';
import { assertWithin } from './byte-limit.ts';
import { modelPathOf, type Readable } from './byte-reader.ts';

/**
 * A model in the file system.
 *
 * @param source A path or `file:` URL, of a model.json or of the folder that it lies in.
 */
export function readableFolder(source: string): Readable {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises');
  const { dirname, join } = nodeBuiltin('node:path') as typeof import('node:path');
  const path = modelPathOf(source);
  return {
    name: path,
    async open() {
      const isFile = path.endsWith('.json') && !(await fs.stat(path).catch(() => undefined))?.isDirectory();
      const [folder, main] = isFile ? [dirname(path), path] : [path, join(path, 'model.json')];
      return (file, settings) => readFile(file === 'model.json' ? main : join(folder, file), file, settings);
    },
  };
}

const ofModel =
  "Pass the path of a model.json or of its folder; a model of the Hugging Face hub is hub('owner/name') of tfjs-transfer/stores.";

/** What to pass, by the file that is not there. */
const remedies = new Map([
  [
    'tokenizer.json',
    "Pass the folder of an encoder, with its tokenizer.json, or hub('owner/name') of tfjs-transfer/stores.",
  ],
  ['adapter_config.json', 'Pass the folder that saveAdapter, or peft, wrote.'],
  ['delta.safetensors', 'Pass the folder that saveDelta wrote.'],
]);

const ofPackage =
  'That base is a package: import { efficientNetLite0 } from "@tfjs-transfer/efficientnet-lite0", and pass efficientNetLite0().';

async function readFile(path: string, file: string, { limit, signal, onBytes }: ReadSettings): Promise<Uint8Array> {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises');
  try {
    assertWithin(path, (await fs.stat(path)).size, limit);
    const bytes = await fs.readFile(path, signal ? { signal } : {});
    onBytes?.(bytes.byteLength, bytes.byteLength);
    return bytes;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof TransferError) throw cause;
    const isPackage = file === 'model.json' && /(^|[\\/])efficientnet-lite0[\\/]model\.json$/i.test(path);
    const remedy = isPackage ? ofPackage : (remedies.get(file) ?? ofModel);
    throw new TransferError(
      'NOT_FOUND',
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code}). ${remedy}`,
      { cause },
    );
  }
}
