import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { type Browser, chromium, type Page } from 'playwright';
import { dispose, loadModel, predict, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { zip } from 'tfjs-transfer/stores';
import { build, createServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { args, executablePath } from '../../scripts/chromium.mjs';

const hasChromium = existsSync(executablePath);
if (!hasChromium) console.log(`The test of examples/browser is skipped: there is no Chromium at ${executablePath}.`);

const emoji = join(import.meta.dirname, '../data/emoji/google');
const folder = mkdtempSync(join(tmpdir(), 'tfjs-transfer-browser-'));
const configFile = join(import.meta.dirname, 'vite.config.ts');

describe.skipIf(!hasChromium)('the example in the browser', { timeout: 300_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    for (const [label, unseen] of Object.entries({ animal: 'tiger.png', vehicle: 'tractor.png' })) {
      await mkdir(join(folder, 'emoji', label), { recursive: true });
      const names = (await readdir(join(emoji, label))).filter((name) => name !== unseen).slice(0, 12);
      for (const name of names) await cp(join(emoji, label, name), join(folder, 'emoji', label, name));
      await cp(join(emoji, label, unseen), join(folder, `${label}.png`));
    }
    await cp(join(emoji, '../README.md'), join(folder, 'emoji', 'README.md'));
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Drops a file or folder of the disk on an element, as the system's file manager does. */
  async function drop(page: Page, selector: string, path: string): Promise<void> {
    const box = await page.locator(selector).boundingBox();
    const session = await page.context().newCDPSession(page);
    const at = {
      x: (box?.x ?? 0) + 10,
      y: (box?.y ?? 0) + 10,
      data: { items: [], files: [path], dragOperationsMask: 1 },
    };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await session.send('Input.dispatchDragEvent', { type, ...at });
    }
    await session.detach();
  }

  /** Starts training and waits for what the log says in the end. */
  async function train(page: Page, backend: string, base: string, until: string): Promise<void> {
    await page.selectOption('#backend', backend);
    await page.selectOption('#base', base);
    await page.click('#train');
    await page.locator('#log', { hasText: until }).waitFor({ timeout: 120_000 });
  }

  /** Trains, and stops when the log says `at`: in the page, as a click from here may come when the run has ended. */
  async function trainAndStop(page: Page, backend: string, base: string, at: string): Promise<void> {
    await page.evaluate((line) => {
      const log = document.querySelector('#log') as HTMLElement;
      new MutationObserver((_, observer) => {
        if (!log.textContent?.includes(line)) return;
        observer.disconnect();
        (document.querySelector('#stop') as HTMLButtonElement).click();
      }).observe(log, { childList: true, characterData: true, subtree: true });
    }, at);
    await train(page, backend, base, 'aborted');
  }

  async function open(address: string | undefined): Promise<{ readonly page: Page; readonly problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(address ?? '');
    return { page, problems };
  }

  test('as it is served: drop a folder, train, predict, download', async () => {
    // A change of a source, while others work on it, must not reload the page.
    const server = await createServer({
      configFile,
      logLevel: 'error',
      server: { port: 0, host: '127.0.0.1', hmr: false },
    });
    try {
      await server.listen();
      const { page, problems } = await open(server.resolvedUrls?.local[0]);
      await drop(page, '#drop', join(folder, 'emoji'));
      await page.locator('#data', { hasText: 'to learn from' }).waitFor();
      expect(await page.innerText('#data')).toBe(
        '19 pictures to learn from, 5 to measure on: animal, vehicle; 1 files are no pictures',
      );
      for (const backend of ['webgl', 'webgpu']) {
        // Without a graphics card they are slow: an epoch is enough.
        await trainAndStop(page, backend, 'tinyCnn', 'epoch 1 of 20');
      }
      await train(page, 'wasm', 'efficientNetLite0', 'completed: accuracy 1.00');
      for (const label of ['animal', 'vehicle']) {
        await drop(page, '#drop-picture', join(folder, `${label}.png`));
        await page.locator('#predictions li:first-child', { hasText: label }).waitFor();
      }
      const [downloaded] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
      expect(downloaded.suggestedFilename()).toBe('my-pictures.zip');
      await downloaded.saveAs(join(folder, 'my-pictures.zip'));
      expect(problems).toEqual([]);
      await page.close();

      await useBackend(cpu());
      const model = await loadModel(zip(join(folder, 'my-pictures.zip')));
      expect((await predict(model, join(folder, 'animal.png')))[0]?.label).toBe('animal');
      dispose(model);
    } finally {
      await server.close();
    }
  });

  test('as it is built, minified: choose a folder, stop', async () => {
    const outDir = join(folder, 'dist');
    await build({ configFile, logLevel: 'error', build: { outDir } });
    const server = await preview({
      configFile,
      logLevel: 'error',
      build: { outDir },
      preview: { port: 0, host: '127.0.0.1' },
    });
    try {
      const { page, problems } = await open(server.resolvedUrls?.local[0]);
      let workers = 0;
      page.on('worker', () => workers++);
      await page.setInputFiles('#folder', join(folder, 'emoji'));
      await page.locator('#data', { hasText: 'to learn from' }).waitFor();
      expect(workers).toBeGreaterThan(0);
      await trainAndStop(page, 'wasm', 'efficientNetLite0', 'features of');
      expect(problems).toEqual([]);
      await page.close();
    } finally {
      await new Promise((resolve) => server.httpServer.close(resolve));
    }
  });
});
