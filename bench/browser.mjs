// A contender in Chromium: `node browser.mjs wasm`. The page is bundled by Vite, as an app would be.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { serve } from './run/serve.mjs';

const [backend] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
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
const args = ['--no-sandbox', '--disable-quic', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const browser = await chromium.launch({ executablePath, args });
process.on('SIGTERM', () => browser.close().finally(() => process.exit()));
const page = await browser.newPage();
page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`));
await page.goto(server.resolvedUrls.local[0]);
await page.waitForFunction(() => globalThis.bench !== undefined, undefined, { timeout: 120_000 });
await page.evaluate((name) => globalThis.bench.start(name), backend);
const task = (name) => () => page.evaluate((of) => globalThis.bench.tasks[of](), name);
const version = browser.version();
await serve(
  `Chromium ${version}, ${backend}`,
  Object.fromEntries(['forward', 'forward, tfjs', 'last block, step'].map((name) => [name, task(name)])),
);
