import { nodeBuiltin } from '../core/host.ts';
import type { TemporaryFiles } from './temporary-file.ts';

/** Temporary files on the disk, in Node. Each loses its name as soon as it is open, so that it goes with the process at the latest. */
export function diskFiles(): TemporaryFiles {
  const fs = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises');
  const { join } = nodeBuiltin('node:path') as typeof import('node:path');
  const folder = (nodeBuiltin('node:os') as typeof import('node:os')).tmpdir();
  return {
    name: folder,
    async free() {
      const { bavail, bsize } = await fs.statfs(folder);
      return bavail * bsize;
    },
    async create() {
      const path = join(folder, `tfjs-transfer-${crypto.randomUUID()}`);
      const file = await fs.open(path, 'wx+', 0o600);
      try {
        await fs.unlink(path);
      } catch (error) {
        await file.close();
        throw error;
      }
      return {
        async write(bytes, at) {
          for (let done = 0; done < bytes.byteLength; ) {
            done += (await file.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
          }
        },
        async seal() {},
        async read(into, at) {
          for (let done = 0; done < into.byteLength; ) {
            const { bytesRead } = await file.read(into, done, into.byteLength - done, at + done);
            if (bytesRead === 0) throw new Error(`The temporary file ends at byte ${at + done}.`);
            done += bytesRead;
          }
        },
        async remove() {
          await file.close().catch(() => {});
        },
      };
    },
  };
}
