import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import {
  dispose,
  loadBase,
  loadModel,
  saveModel,
  type TransferModel,
  type TransferProgress,
  useBackend,
} from '../../src/index.ts';
import { leavingNothing, modelOf, scoresAt, scoresOf } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-http-'));
const folder = join(root, 'flowers');
let model: TransferModel;
let server: Server | undefined;
let requests: string[] = [];

beforeAll(async () => {
  await useBackend(cpu());
  model = modelOf(1);
  await saveModel(model, folder);
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  requests = [];
});
afterAll(() => {
  dispose(model);
  rmSync(root, { recursive: true, force: true });
});

/** A server of the model, under whatever folder; `answer` says what else it does. */
async function serve(answer?: RequestListener): Promise<string> {
  server = createServer((request, response) => {
    requests.push(request.url as string);
    if (answer) answer(request, response);
    if (!response.headersSent && !response.writableEnded) response.end(fileOf(request.url as string));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const fileOf = (url: string) => readFileSync(join(folder, basename(new URL(url, 'http://here').pathname)));

test('a query goes along to every file, whether the URL is of the folder or of model.json', async () => {
  const address = await serve((request, response) => {
    if (!request.url?.endsWith('?token=a/b.json&c=1')) response.writeHead(403).end();
  });
  for (const path of ['/flowers', '/flowers/', '/flowers/model.json', '']) {
    expect(await scoresAt(`${address}${path}?token=a/b.json&c=1`)).toEqual(await scoresOf(model));
  }
  expect(requests.slice(0, 2)).toEqual([
    '/flowers/model.json?token=a/b.json&c=1',
    expect.stringMatching(/^\/flowers\/weights\.\w{16}\.bin\?token=a\/b\.json&c=1$/),
  ]);
});

test('a folder whose name ends in .json ends in /; a model.json may have another name', async () => {
  const address = await serve((request, response) => {
    if (request.url === '/pets/v2.json') response.end(fileOf('/model.json'));
  });
  expect(await scoresAt(`${address}/flowers.json/`)).toEqual(await scoresOf(model));
  expect(requests[0]).toBe('/flowers.json/model.json');
  expect(await scoresAt(`${address}/pets/v2.json`)).toEqual(await scoresOf(model));
});

test.each([
  ['as they are', false],
  ['compressed, where the length is not that of the file', true],
])('progress tells the bytes of files that travel %s', async (_, compressed) => {
  const address = await serve((request, response) => {
    const bytes = fileOf(request.url as string);
    const sent = compressed ? gzipSync(bytes) : bytes;
    response.writeHead(200, { 'content-length': sent.length, ...(compressed && { 'content-encoding': 'gzip' }) });
    response.end(sent);
  });
  const events: TransferProgress[] = [];
  dispose(await loadModel(address, { onProgress: (event) => events.push(event) }));
  const weights = events.filter((event) => event.status === 'progress' && event.file.endsWith('.bin'));
  const { length } = fileOf((weights[0] as { file: string }).file);
  let last = 0;
  for (const event of weights) {
    expect(event).toMatchObject({ name: address, total: length });
    const { loaded, progress } = event as { readonly loaded: number; readonly progress: number };
    expect(loaded).toBeGreaterThan(last);
    expect(progress).toBeCloseTo((loaded / length) * 100);
    last = loaded;
  }
  expect(last).toBe(length);
  expect(events.at(-1)).toEqual({ status: 'ready', name: address });
});

test('a body that never ends is left as soon as it is too long', async () => {
  let sent = 0;
  const address = await serve((request, response) => {
    if (request.url?.endsWith('.json')) return;
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(2 ** 16))) sent += 2 ** 16;
    };
    response.on('drain', more);
    more();
  });
  await leavingNothing(() =>
    expect(loadBase(address)).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringMatching(/\.bin should take \d+ bytes, and \d+ are there/),
    }),
  );
  expect(sent).toBeLessThan(32 * 2 ** 20);
});

test('a length that is too long is refused before the body comes', async () => {
  const address = await serve((request, response) => {
    if (request.url?.endsWith('.json')) return;
    response.writeHead(200, { 'content-length': 10 ** 12 });
    response.flushHeaders();
  });
  await expect(loadModel(address)).rejects.toThrow(/and 1000000000000 are there/);
});

test('an abort in the middle of a body rejects with its reason', async () => {
  const address = await serve((request, response) => {
    if (request.url?.endsWith('.json')) return;
    const bytes = fileOf(request.url as string);
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000));
  });
  const [controller, reason] = [new AbortController(), new Error('enough')];
  await leavingNothing(() =>
    expect(
      loadModel(address, {
        signal: controller.signal,
        onProgress: (event) => {
          if (event.status === 'progress' && event.file.endsWith('.bin')) controller.abort(reason);
        },
      }),
    ).rejects.toBe(reason),
  );
});

test('a model that was deployed anew between two requests is loaded as the new one', async () => {
  const other = modelOf(2);
  const next = join(root, 'next');
  await saveModel(other, next);
  let deployed = false;
  const address = await serve((request, response) => {
    const from = deployed ? next : folder;
    deployed = true;
    try {
      response.end(readFileSync(join(from, basename(request.url as string))));
    } catch {
      response.writeHead(404).end();
    }
  });
  expect(await scoresAt(address)).toEqual(await scoresOf(other));
  expect(requests).toHaveLength(4);
  dispose(other);
});

test('loads beside one that fails keep their weights', async () => {
  const json = JSON.parse(fileOf('model.json').toString());
  const { layers } = json.modelTopology.config;
  // The layers before the last are made, with their variables, before it fails.
  layers.at(-1).class_name = 'Nonsense';
  const address = await serve((request, response) => {
    if (request.url === '/broken/model.json') response.end(JSON.stringify(json));
  });
  const expected = await scoresOf(model);
  await leavingNothing(async () => {
    const loads = Array.from({ length: 8 }, (_, i) =>
      i % 2 ? scoresAt(`${address}/broken`) : loadModel(`${address}/whole`),
    );
    for (const [i, load] of (await Promise.allSettled(loads)).entries()) {
      expect(load.status).toBe(i % 2 ? 'rejected' : 'fulfilled');
      if (load.status === 'rejected') continue;
      const loaded = load.value as TransferModel;
      expect(await scoresOf(loaded)).toEqual(expected);
      dispose(loaded);
    }
  });
});
