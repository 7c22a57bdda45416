import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { type Base, dispose, loadBase, useBackend } from '../../src/index.ts';
import { type HubSettings, hub } from '../../src/stores/index.ts';
import { loadTokenizer, type Tokenizer } from '../../src/text/index.ts';
import { textFolder } from '../support/encoders.ts';
import { type HubServer, hubServer } from '../support/hub-server.ts';

let server: HubServer;
let cache: string;
let tensors: number;

beforeAll(() => useBackend(cpu()));
beforeEach(async () => {
  server = await hubServer();
  cache = mkdtempSync(join(tmpdir(), 'tfjs-transfer-hub-'));
  tensors = tf.memory().numTensors;
});
afterEach(async () => {
  expect(tf.memory().numTensors).toBe(tensors);
  await server.close();
  rmSync(cache, { recursive: true, force: true });
});

const tinyBert = (settings: HubSettings = {}) =>
  hub('golden/tiny-bert', { endpoint: server.endpoint, cache, ...settings });
const files = () =>
  readdirSync(cache, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
/** Everything that is read of an encoder: the hash of its weights, and its tokens. */
async function load(store = tinyBert()) {
  const [base, tokenizer] = await Promise.allSettled([loadBase(store), loadTokenizer(store)]);
  if (base.status === 'fulfilled') dispose(base.value);
  for (const one of [base, tokenizer]) if (one.status === 'rejected') throw one.reason;
  const { origin } = (base as PromiseFulfilledResult<Base>).value;
  return { origin, ids: (tokenizer as PromiseFulfilledResult<Tokenizer>).value.encode('the soup').ids };
}

describe('loading from the hub', () => {
  test('gives what the folder gives, of the commit that answered', async () => {
    const { origin, ids } = await load();
    const folder = await loadBase(textFolder('tiny-bert'));
    dispose(folder);
    expect(origin.sha256).toBe(folder.origin.sha256);
    expect(origin.source).toBe(`${server.endpoint}/golden/tiny-bert/resolve/${server.commit}`);
    expect(ids).toEqual((await loadTokenizer(textFolder('tiny-bert'))).encode('the soup').ids);
    const asked = server.requests.filter((request) => !request.includes('/kept/') && !request.includes(' large'));
    expect(asked.filter((request) => request.includes('/main/'))).toEqual([
      'HEAD /golden/tiny-bert/resolve/main/config.json',
      'HEAD /golden/tiny-bert/resolve/main/config.json',
    ]);
  });

  test('asks nothing the second time, and nothing that is not there either', async () => {
    const first = await load();
    server.requests.length = 0;
    expect(await load()).toEqual(first);
    expect(await load(tinyBert({ offline: true }))).toEqual(first);
    expect(server.requests).toEqual([]);
  });

  test('stays with the commit that main was, until it is told to forget', async () => {
    const first = await load();
    server.commit = 'd'.repeat(40);
    expect((await load()).origin).toEqual(first.origin);
    const store = tinyBert();
    await store.remove();
    expect(files()).toEqual([]);
    expect((await load(store)).origin.source).toContain('d'.repeat(40));
  });

  test('reads a commit without asking which it is', async () => {
    await load(tinyBert({ revision: server.commit }));
    expect(server.requests.filter((request) => request.startsWith('HEAD'))).toEqual([]);
  });

  test('reads another server in the layout of the hub, which knows no commits', async () => {
    server.isPlain = true;
    const { origin } = await load();
    expect(origin.source).toBe(`${server.endpoint}/golden/tiny-bert/resolve/main`);
    server.requests.length = 0;
    await load();
    expect(server.requests).toEqual([]);
  });

  test('takes the address and the folder from the environment', async () => {
    const kept = { ...process.env };
    try {
      process.env.HF_ENDPOINT = server.endpoint;
      process.env.HF_HOME = cache;
      await load(hub('golden/tiny-bert'));
      expect(readdirSync(cache)).toEqual(['tfjs-transfer']);
      process.env.HF_HOME = '';
      process.env.XDG_CACHE_HOME = join(cache, 'xdg');
      process.env.HF_HUB_OFFLINE = '1';
      const place = join(cache, 'xdg', 'huggingface', 'tfjs-transfer');
      await expect(load(hub('golden/tiny-bert'))).rejects.toThrow(`${place} has nothing of its revision main`);
      process.env.XDG_CACHE_HOME = '';
      await expect(load(hub('golden/tiny-bert'))).rejects.toThrow(
        join(homedir(), '.cache', 'huggingface', 'tfjs-transfer'),
      );
    } finally {
      for (const name of ['HF_ENDPOINT', 'HF_HOME', 'XDG_CACHE_HOME', 'HF_HUB_OFFLINE']) delete process.env[name];
      Object.assign(process.env, kept);
    }
  });
});

describe('what goes wrong', () => {
  const isWeights = (url: string | undefined) => url?.endsWith('model.safetensors');

  test('a download that is cut off keeps nothing of the file, and the next one gets it', async () => {
    server.answer = ({ url, method, headers }, response) => {
      if (method !== 'GET' || !isWeights(url) || headers.host === new URL(server.endpoint).host) return false;
      response.writeHead(200, { 'content-length': 142728 });
      response.write(new Uint8Array(1000), () => response.destroy());
      return true;
    };
    await expect(load()).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('cannot be had now'),
    });
    expect(files().filter((path) => /\.tmp$|model\.safetensors$/.test(path))).toEqual([]);
    server.answer = undefined;
    await load();
  });

  test.each([
    ['large file', 'model.safetensors', 'large'],
    ['small file', 'tokenizer.json', '/kept/'],
  ])('a %s with another hash is refused, and not kept', async (_, file, place) => {
    server.answer = ({ url }, response) => {
      const at = server.requests.at(-1) ?? '';
      if (!url?.endsWith(file) || !at.includes(place)) return false;
      const bytes = readFileSync(join(textFolder('tiny-bert'), file));
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      if (place !== 'large')
        response
          .setHeader('x-repo-commit', server.commit)
          .setHeader('etag', '"0123456789012345678901234567890123456789"');
      response.end(bytes);
      return true;
    };
    await expect(load()).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringMatching(
        new RegExp(`${file}.* came as \\d+ bytes with the hash \\w+, and \\w+ was announced`),
      ),
    });
    expect(files().filter((path) => path.endsWith(file))).toEqual([]);
    server.answer = undefined;
    await load();
  });

  test('an abort keeps nothing of the file, and rejects with its reason', async () => {
    const controller = new AbortController();
    server.answer = ({ url, method }, response) => {
      if (method !== 'GET' || !isWeights(url)) return false;
      response.writeHead(200, { 'content-length': 142728 });
      response.write(new Uint8Array(1000));
      controller.abort(new Error('enough'));
      return true;
    };
    await expect(loadBase(tinyBert(), { signal: controller.signal })).rejects.toThrow('enough');
    expect(files().filter((path) => /\.tmp$|model\.safetensors$/.test(path))).toEqual([]);
  });

  test('a kept file that was damaged is loaded again, and offline it is named', async () => {
    const { origin } = await load();
    const weights = files().find((path) => readFileSync(path).length > 100_000) as string;
    const damage = () => writeFileSync(weights, readFileSync(weights).fill(7, 1000, 1010));
    damage();
    await expect(load(tinyBert({ offline: true }))).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('no undamaged model.safetensors'),
    });
    expect((await load()).origin).toEqual(origin);
  });

  test('offline, what is missing is named', async () => {
    await expect(load(tinyBert({ offline: true }))).rejects.toMatchObject({
      code: 'OFFLINE',
      message: `hub('golden/tiny-bert') is offline, and ${cache} has nothing of its revision main. Load it once without offline (and HF_HUB_OFFLINE), or pass the folder of the model.`,
    });
    dispose(await loadBase(tinyBert()));
    await expect(loadTokenizer(tinyBert({ offline: true }))).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('has no tokenizer.json'),
    });
    expect(server.requests.filter((request) => request.includes('tokenizer'))).toEqual([]);
  });

  test('a server that cannot now does not make a file absent', async () => {
    server.answer = ({ url }, response) => {
      if (!url?.endsWith('1_Pooling/config.json')) return false;
      response.writeHead(503).end();
      return true;
    };
    await expect(loadBase(tinyBert())).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('(status 503)'),
    });
    await server.close();
    await expect(loadBase(tinyBert())).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('models and revisions that are not there are said to be so', async () => {
    const at = (name: string, revision = 'main') => loadBase(hub(name, { endpoint: server.endpoint, cache, revision }));
    const refusal = (message: string) => ({ code: 'NOT_FOUND', message: expect.stringContaining(message) });
    await expect(at('golden/tiny-gpt')).rejects.toMatchObject(refusal('Repository not found'));
    await expect(at('golden/tiny-bert', 'v2')).rejects.toMatchObject(refusal('Invalid rev id: v2'));
    await expect(at('golden/tiny-gpt', 'e'.repeat(40))).rejects.toMatchObject(refusal('Repository not found'));
    server.isPlain = true;
    await expect(at('golden/tiny-gpt')).rejects.toMatchObject(refusal('it answered 404'));
    expect(files()).toEqual([]);
    await expect(loadTokenizer(hub('golden/tiny-gpt', { endpoint: server.endpoint, cache }))).rejects.toThrow();
  });

  test('names that are none are refused', () => {
    for (const name of ['', '/etc/passwd', '../models', 'a/../b', 'https://huggingface.co/a/b', 'a/b/c', 'a/.b']) {
      expect(() => hub(name)).toThrow(/pass the owner and the name/);
    }
    expect(() => hub('a/b', { revision: '..' })).toThrow(/pass the owner and the name/);
    expect(() => hub('a/b', { revison: 'v1' } as never)).toThrow(/Did you mean revision/);
  });

  test('nothing is saved to the hub', async () => {
    await expect(tinyBert().write([], {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a cache that cannot be written to is an error that names it', async () => {
    const file = join(cache, 'file');
    writeFileSync(file, '');
    await expect(loadBase(tinyBert({ cache: join(file, 'folder') }))).rejects.toMatchObject({ code: 'SAVE_FAILED' });
  });
});

test('a path without a model says how to name one of the hub', async () => {
  await expect(loadBase('golden/tiny-bert')).rejects.toThrow("a model of the Hugging Face hub is hub('owner/name')");
});

afterAll(() => tf.disposeVariables());
