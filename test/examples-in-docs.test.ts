import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type DocExample, examplesInPage, examplesInSource } from './doc-examples.ts';

const root = join(import.meta.dirname, '..');
const modules = join(root, 'test/.tmp/examples');

function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = ['README.md', 'docs/README.md', ...filesIn('docs/guides', '.md'), ...filesIn('docs/errors', '.md')];
const examples: readonly DocExample[] = [
  ...filesIn('src', '.ts').flatMap((path) => examplesInSource(path, read(path))),
  ...pages.flatMap((path) => examplesInPage(path, read(path))),
];

/**
 * What every example finds in its working directory: `flowers/`, three classes of four pictures, `rose.jpg`, and
 * `all-MiniLM-L6-v2/`, a tiny BERT in its place.
 */
async function writeShop(folder: string): Promise<void> {
  const colours = { daisy: '#f5f0d0', rose: '#c01830', tulip: '#e0a010' };
  const picture = (background: string) => sharp({ create: { width: 32, height: 32, channels: 3, background } });
  for (const [label, colour] of Object.entries(colours)) {
    mkdirSync(join(folder, 'flowers', label), { recursive: true });
    for (let i = 1; i <= 4; i++) {
      const shade = picture(colour).modulate({ brightness: 1 - i / 20 });
      await shade.png().toFile(join(folder, 'flowers', label, `${i}.png`));
    }
  }
  cpSync(join(root, 'test/goldens/text/tiny-bert'), join(folder, 'all-MiniLM-L6-v2'), { recursive: true });
  await picture(colours.rose).jpeg().toFile(join(folder, 'rose.jpg'));
}

describe('the examples of the documentation', () => {
  const home = process.cwd();
  let shop: string;
  let cwd: string;

  beforeAll(async () => {
    rmSync(modules, { recursive: true, force: true });
    mkdirSync(modules, { recursive: true });
    shop = mkdtempSync(join(tmpdir(), 'tfjs-transfer-shop-'));
    await writeShop(shop);
  });
  afterAll(() => {
    rmSync(shop, { recursive: true, force: true });
    rmSync(modules, { recursive: true, force: true });
  });
  // Each example starts from the same folder, whatever another one saved in its own.
  beforeEach(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'tfjs-transfer-example-'));
    cpSync(shop, cwd, { recursive: true });
    process.chdir(cwd);
    await tf.setBackend('cpu');
    vi.spyOn(console, 'log').mockImplementation(() => {});
    vi.spyOn(console, 'table').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.chdir(home);
    rmSync(cwd, { recursive: true, force: true });
    tf.disposeVariables();
  });

  for (const { place, code } of examples.filter(({ runs }) => runs)) {
    test(place, async () => {
      const path = join(modules, `${place.replace(/\W+/g, '-')}.ts`);
      writeFileSync(path, `${code}\nexport {};\n`);
      await import(/* @vite-ignore */ path);
    });
  }
});

// Types of those that do not run too: addresses of a page and files of the reader's own are all that they may lack.
test('the examples hold to the types', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const folder = join(root, 'test/.tmp/typed-examples');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const paths = examples.map(({ place, code }) => {
    const path = join(folder, `${place.replace(/\W+/g, '-')}.ts`);
    writeFileSync(path, `${code}\nexport {};\n`);
    return path;
  });
  const program = ts.createProgram(paths, { ...options, noUnusedLocals: false, types: ['node', 'vite/client'] });
  const said = ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file && basename(file.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
    .filter((sentence) => !/Cannot find module '\.\//.test(sentence));
  rmSync(folder, { recursive: true, force: true });
  expect(said).toEqual([]);
});

test('there are examples, and the blocks that do not run are counted', () => {
  const still = examples.filter(({ runs }) => !runs).length;
  console.log(`${examples.length - still} examples run, ${still} are marked no-run`);
  expect(examples.length).toBeGreaterThan(still);
});

test('examples are found in doc comments, under @example alone', () => {
  const source = `/**
 * Text.
 * \`\`\`ts
 * throw new Error('no example');
 * \`\`\`
 * @example
 * \`\`\`ts
 * @decorated
 * a(1);
 *
 *   b(2);
 * \`\`\`
 * and another
 * \`\`\`ts no-run
 * c(3);
 * \`\`\`
 * @returns The text.
 * \`\`\`ts
 * d(4);
 * \`\`\`
 */
const e = 5; // \`\`\`ts
`;
  expect(examplesInSource('src/a.ts', source)).toEqual([
    { place: 'src/a.ts:7', code: '@decorated\na(1);\n\n  b(2);\n', runs: true },
    { place: 'src/a.ts:14', code: 'c(3);\n', runs: false },
  ]);
});

test('a block of a page can continue the one before it', () => {
  const page = '```ts\nconst a = 1;\n```\nText\n```ts continues\nb(a);\n```\n```ts\nc();\n```\n';
  expect(examplesInPage('README.md', page)).toEqual([
    { place: 'README.md:1', code: 'const a = 1;\nb(a);\n', runs: true },
    { place: 'README.md:8', code: 'c();\n', runs: true },
  ]);
  expect(() => examplesInPage('README.md', '```ts continues\na();\n```\n')).toThrow(/README.md:1 continues nothing/);
});

test('examples are found in pages, in the languages that run', () => {
  const page = 'Text\n\n```sh\nnpm ci\n```\n\n```js\na();\n```\n```ts no-run\nb();\n```\n```json\n{}\n```\n';
  expect(examplesInPage('README.md', page)).toEqual([
    { place: 'README.md:7', code: 'a();\n', runs: true },
    { place: 'README.md:10', code: 'b();\n', runs: false },
  ]);
});
