import type { TemporaryFiles } from './temporary-file.ts';

/** The folder of the origin private file system that holds temporary files; models lie in another. */
const home = 'tfjs-transfer-temporary';

/**
 * Temporary files in the browser's origin private file system. Sync access handles would be faster, but pages have none.
 * Every file holds a lock of its name, so that what a closed tab left behind is known by its lock being free.
 */
export function opfsFiles(): TemporaryFiles {
  return {
    name: 'the origin private file system',
    async free() {
      const { quota = 0, usage = 0 } = await navigator.storage.estimate();
      return quota - usage;
    },
    async create() {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(home, { create: true });
      await sweep(folder);
      const name = crypto.randomUUID();
      const unlock = await lock(name);
      const discard = async () => {
        await folder.removeEntry(name).catch(() => {});
        unlock();
      };
      try {
        const handle = await folder.getFileHandle(name, { create: true });
        const writable = await handle.createWritable();
        let file: File | undefined;
        const reading = new Set<Promise<unknown>>();
        return {
          write: (bytes, at) => writable.write({ type: 'write', position: at, data: bytes as Uint8Array<ArrayBuffer> }),
          async seal() {
            await writable.close();
            file = await handle.getFile();
          },
          async read(into, at) {
            const bytes = (file as File).slice(at, at + into.byteLength).arrayBuffer();
            reading.add(bytes);
            try {
              into.set(new Uint8Array(await bytes));
            } finally {
              reading.delete(bytes);
            }
          },
          async remove() {
            await Promise.allSettled(reading);
            if (!file) await writable.abort().catch(() => {});
            await discard();
          },
        };
      } catch (error) {
        await discard();
        throw error;
      }
    },
  };
}

const lockOf = (name: string) => `${home}/${name}`;

/** Takes the lock of a file until the returned function is called. */
function lock(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks.request(lockOf(name), () => new Promise<void>((unlock) => resolve(() => unlock()))).catch(reject);
  });
}

/** Removes the files that no tab holds any more. */
async function sweep(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of folder.keys()) {
    await navigator.locks.request(lockOf(name), { ifAvailable: true }, async (free) => {
      if (free) await folder.removeEntry(name).catch(() => {});
    });
  }
}
