import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { TransferError } from '../../src/core/errors.ts';
import type { Base } from '../../src/core/handle.ts';
import type { TransferProgress } from '../../src/core/progress.ts';
import type { ReadSettings, Store } from '../../src/core/store.ts';
import { dispose } from '../../src/model/dispose.ts';
import { loadBase } from '../../src/model/load-base.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { loadTokenizer } from '../../src/text/load-tokenizer.ts';
import { golden, inputsOf, outputOf, textFolder } from '../support/encoders.ts';
import { difference } from '../support/examples.ts';

const folder = textFolder('tiny-bert');
let server: Server;
let address: string;
let asked: string[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://host');
    asked.push(pathname + search);
    const bytes = await readFile(join(folder, pathname.replace('/owner/tiny/resolve/main/', ''))).catch(
      () => undefined,
    );
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/owner/tiny/resolve/main`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(async () => {
  await useBackend(cpu());
  asked = [];
});

/** The largest difference of a base to the golden of its pooler. */
async function deviation(base: Base): Promise<number> {
  const tensors = await golden('test/goldens/text/tiny-bert/forward.golden.safetensors');
  const output = outputOf(base, inputsOf(tensors));
  const error = difference(output, tensors.pooler_output as tf.Tensor);
  tf.dispose([output, ...Object.values(tensors)]);
  return error;
}

test.each(['', '/', '/config.json', '/config.json?token=abc', '?token=abc'])(
  'an encoder and its tokenizer are read from an address that ends in "%s"',
  async (ending) => {
    const before = tf.memory().numTensors;
    const events: TransferProgress[] = [];
    const base = await loadBase(`${address}${ending}`, { name: 'tiny', onProgress: (event) => events.push(event) });
    expect(await deviation(base)).toBeLessThan(1e-5);
    dispose(base);
    expect(tf.memory().numTensors).toBe(before);
    const query = ending.replace(/^[^?]*/, '');
    for (const file of ['config.json', 'model.safetensors']) {
      expect(asked).toContain(`/owner/tiny/resolve/main/${file}${query}`);
      expect(events).toContainEqual(expect.objectContaining({ status: 'done', file }));
    }
    // Whoever names the config.json is asked for no model.json.
    expect(asked.some((path) => path.includes('model.json'))).toBe(!ending.includes('config.json'));
    const last = events.findLast((event) => event.status === 'progress' && event.file === 'model.safetensors');
    expect(last).toMatchObject({ progress: 100 });
    expect(events.at(-1)?.status).toBe('ready');

    const tokenizer = await loadTokenizer(`${address}${ending}`);
    expect([tokenizer.length, tokenizer.encode('a pair').ids]).toEqual([32, [2, 19, 173, 3]]);
  },
);

test('an encoder is read from a store', async () => {
  const store: Store = {
    kind: 'store',
    name: 'shelf',
    open:
      async () =>
      async (file: string, { limit }: ReadSettings) => {
        const bytes = await readFile(join(folder, file)).catch((cause) => {
          throw new TransferError('NOT_FOUND', `${file} is not on the shelf.`, { cause });
        });
        expect(bytes.length).toBeLessThanOrEqual(limit);
        return bytes;
      },
    write: () => Promise.reject(new Error('it is for reading')),
  };
  const base = await loadBase(store);
  expect(await deviation(base)).toBeLessThan(1e-5);
  dispose(base);
  expect((await loadTokenizer(store)).length).toBe(32);
});

test('reading an encoder stops where the caller says so', async () => {
  const controller = new AbortController();
  const before = tf.memory().numTensors;
  const onProgress = ({ status, ...event }: TransferProgress) => {
    if (status === 'initiate' && 'file' in event && event.file === 'model.safetensors') controller.abort();
  };
  await expect(loadBase(address, { signal: controller.signal, onProgress })).rejects.toThrow(/abort/i);
  expect(tf.memory().numTensors).toBe(before);
  expect(asked.some((path) => path.endsWith('model.safetensors'))).toBe(false);
});
