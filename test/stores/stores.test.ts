import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll } from 'vitest';
import type { StoredFile } from '../../src/core/store.ts';
import { zip } from '../../src/stores/index.ts';
import { chosenFiles } from './chosen-files.ts';
import { memoryStore, storeContract } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-stores-'));
let places = 0;
const next = () => join(root, String(++places));
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(root, new URL(request.url ?? '', 'http://here').pathname)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

async function write(folder: string, files: readonly StoredFile[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
}
const zipped = (files: readonly StoredFile[]) =>
  zipSync(Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])));

storeContract(
  'of a path',
  async () => {
    const folder = next();
    return { target: folder, source: () => folder, put: (files) => write(folder, files) };
  },
  true,
);

storeContract(
  'of a folder whose name ends in .json',
  async () => {
    const folder = `${next()}.json`;
    return { target: folder, source: () => folder, put: (files) => write(folder, files) };
  },
  true,
);

storeContract(
  'of a URL',
  async () => {
    const folder = next();
    const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}${folder.slice(root.length)}`;
    return { source: url, put: (files) => write(folder, files) };
  },
  false,
);

storeContract(
  'zip(path)',
  async () => {
    const path = `${next()}.zip`;
    return {
      target: zip(path),
      source: () => zip(path),
      put: async (files) => writeFileSync(path, zipped(files)),
    };
  },
  true,
);

storeContract(
  'zip(bytes)',
  async () => {
    let bytes = zipped([]);
    return {
      source: () => zip(bytes),
      put: async (files) => {
        bytes = zipped(files.map((file) => ({ ...file, name: `flowers/${file.name}` })));
      },
    };
  },
  false,
);

storeContract(
  'zip(Blob)',
  async () => {
    let blob = new Blob([zipped([])]);
    return {
      source: () => zip(blob),
      put: async (files) => {
        blob = new Blob([zipped(files)]);
      },
    };
  },
  false,
);

storeContract('fromFiles(files)', chosenFiles, false);

storeContract(
  "of a user's own",
  async () => {
    const store = memoryStore();
    return { target: store, source: () => store, put: (files) => store.write(files, {}) };
  },
  true,
);
