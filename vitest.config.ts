import { existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { args, executablePath, graphics } from './scripts/chromium.mjs';
import { SummaryReporter } from './test/summary-reporter.ts';
import { hubServer } from './test/support/hub-server.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const { compilerOptions } = JSON.parse(readFileSync(`${root}tsconfig.json`, 'utf8'));

// Tests and the examples of the documentation import the package by name and get its sources.
const alias = Object.entries(compilerOptions.paths as Record<string, [string]>).map(([name, [path]]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(path, import.meta.url)),
}));

// Debian's Chromium brings a graphics adapter in software, which Dawn uses in Node.
const chromiumLibraries = '/usr/lib/chromium';
const softwareAdapter = `${chromiumLibraries}/vk_swiftshader_icd.json`;
if (graphics === 'software' && existsSync(softwareAdapter)) {
  process.env.VK_ICD_FILENAMES ??= softwareAdapter;
  process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, chromiumLibraries].filter(Boolean).join(delimiter);
}

const common = { testTimeout: 120_000, hookTimeout: 120_000 };
const outside = ['**/node_modules/**', 'test/.tmp/**'];

const inNode = {
  resolve: { alias },
  test: {
    ...common,
    name: 'node',
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: [...outside, 'test/browser/**'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    pool: 'forks' as const,
    // Workers that the sources start run from sources too.
    execArgv: ['--import', new URL('./test/support/typescript-in-workers.mjs', import.meta.url).href],
    maxWorkers: 2,
  },
};

// Pages start no servers. This one begins at the first question, and ends with the process.
let hub: ReturnType<typeof hubServer> | undefined;
const hubRequests = async () => {
  hub ??= hubServer();
  const { endpoint, requests } = await hub;
  return { endpoint, requests: requests.splice(0) };
};

const inBrowser = {
  resolve: { alias },
  optimizeDeps: {
    include: ['core', 'layers', 'backend-cpu', 'backend-wasm', 'backend-webgl', 'backend-webgpu']
      .map((name) => `@tensorflow/tfjs-${name}`)
      .concat('fflate', 'fast-check', '@huggingface/tokenizers'),
  },
  // What the browser fetches: goldens, bases, pictures, the .wasm files of tfjs.
  assetsInclude: ['**/*.safetensors'],
  test: {
    ...common,
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    exclude: [...outside, 'test/browser/isolated/**'],
    // As many as the tests in Node: only then do the two run beside each other. One page at a time.
    maxWorkers: 2,
    browser: {
      fileParallelism: false,
      enabled: true,
      headless: true,
      screenshotFailures: false,
      commands: { hubRequests },
      provider: playwright({
        launchOptions: {
          executablePath,
          args: [
            ...args,
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
};

// Where a page may use threads, tfjs takes its threaded build of WASM.
const isolated = {
  ...inBrowser,
  server: { headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } },
  test: {
    ...inBrowser.test,
    name: 'isolated',
    include: ['test/browser/isolated/**/*.test.ts'],
    exclude: outside,
    // Vitest writes a name into each instance.
    browser: { ...inBrowser.test.browser, instances: [{ browser: 'chromium' as const }] },
  },
};

const hasChromium = existsSync(executablePath);
if (!hasChromium) {
  console.log(
    `The tests in the browser are skipped: there is no Chromium at ${executablePath}. Install it (apt-get install chromium), or name one: CHROMIUM=/path/to/chromium npm test.`,
  );
}

export default defineConfig({
  test: {
    projects: hasChromium ? [inNode, inBrowser, isolated] : [inNode],
    reporters: ['default', new SummaryReporter()],
  },
});
