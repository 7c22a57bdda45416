import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright';
import { executablePath } from '../../scripts/chromium.mjs';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Why pages cannot be opened here; undefined where they can. */
export const noBrowser = existsSync(executablePath)
  ? undefined
  : `there is no Chromium at ${executablePath}: apt-get install chromium, or CHROMIUM=/path/to/chromium`;

/** What a page did. */
export interface Visit {
  /** What its global promise `result` resolved with. */
  readonly result: unknown;
  /** The paths that it asked for, in order. */
  readonly requested: readonly string[];
  /** Warnings and errors on its console, and what it threw. */
  readonly complaints: readonly string[];
  /** The bytes of the scripts that it asked for. */
  readonly scripts: { readonly raw: number; readonly gzip: number };
}

/**
 * Opens a page in a headless browser and waits for its global `result`.
 *
 * @param site The folder of the page.
 * @param page The name of the page.
 * @param base The folder that is served as `/base`.
 */
export async function visit(site: string, page: string, base: string): Promise<Visit> {
  const requested: string[] = [];
  const fileOf = (path: string) =>
    path.startsWith('/base/') ? join(base, path.slice('/base'.length)) : join(site, normalize(path));
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    requested.push(path);
    const file = fileOf(path);
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-quic'] });
  try {
    const tab = await browser.newPage();
    const complaints: string[] = [];
    tab.on('console', (message) => {
      if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
    });
    tab.on('pageerror', (error) => complaints.push(String(error)));
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${page}`);
    const result = await tab
      .waitForFunction(() => (globalThis as { result?: unknown }).result, undefined, { timeout: 60_000 })
      .then((handle) => handle.jsonValue())
      .catch((cause) => {
        throw new Error(`${page}: ${complaints.join('\n') || 'no result'}`, { cause });
      });
    const scripts = requested.filter((path) => path.endsWith('.js')).map((path) => readFileSync(fileOf(path)));
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
    return {
      result,
      requested,
      complaints,
      scripts: {
        raw: sum(scripts.map(({ length }) => length)),
        gzip: sum(scripts.map((bytes) => gzipSync(bytes).length)),
      },
    };
  } finally {
    await browser.close();
    server.close();
  }
}
