// A contender in Chromium: `node browser.mjs wasm 2`, two pictures in a batch. The page is bundled by Vite, as an app would be.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { args, executablePath } from '../scripts/chromium.mjs';
import { serve } from './run/serve.mjs';

const [backend, batch] = process.argv.slice(2);
if (!existsSync(executablePath)) throw new Error(`There is no Chromium at ${executablePath}.`);
const server = await createServer({
  root: fileURLToPath(new URL('page', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  // The weights of the base are served as they are.
  publicDir: fileURLToPath(new URL('../bases/efficientnet-lite0/model', import.meta.url)),
  // tfjs-transfer is a link to this folder, which Vite takes for sources: one tfjs for it and for the page.
  resolve: { dedupe: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'] },
  server: { fs: { allow: [fileURLToPath(new URL('..', import.meta.url))] } },
});
await server.listen();
const browser = await chromium.launch({ executablePath, args });
process.on('SIGTERM', () => browser.close().finally(() => process.exit()));
const page = await browser.newPage();
page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`));
await page.goto(server.resolvedUrls.local[0]);
await page.waitForFunction(() => globalThis.bench !== undefined, undefined, { timeout: 120_000 });
await page.evaluate(([name, pictures]) => globalThis.bench.start(name, pictures), [backend, Number(batch)]);
const task = (name) => () => page.evaluate((of) => globalThis.bench.run(of), name);
const version = browser.version();
await serve(
  `Chromium ${version}, ${backend}`,
  Object.fromEntries(['forward', 'forward, tfjs', 'last block, step'].map((name) => [name, task(name)])),
);
