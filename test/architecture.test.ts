import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { violations } from './architecture.ts';

const root = join(import.meta.dirname, '..');
const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

test('the sources keep the rules of the house', () => {
  const paths = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name));
  expect(paths.length).toBeGreaterThan(0);
  expect(violations(Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])))).toEqual(
    [],
  );
});

test('every subpath of the package is resolved in tests and documented', () => {
  const sources = Object.entries<{ import?: { default: string } }>(readJson('package.json').exports).flatMap(
    ([subpath, { import: target }]) =>
      target
        ? [[subpath.replace('.', 'tfjs-transfer'), target.default.replace(/^\.\/dist(.*)\.js$/, './src$1.ts')]]
        : [],
  );
  const { paths } = readJson('tsconfig.json').compilerOptions;
  expect(Object.entries<string[]>(paths).map(([name, [path]]) => [name, path])).toEqual(sources);
  expect(readJson('typedoc.json').entryPoints.map((path: string) => `./${path}`)).toEqual(
    sources.map(([, path]) => path),
  );
});

const caught: readonly [rule: string, path: string, text: string, sentence: RegExp][] = [
  ['an upward import', 'src/core/a.ts', "import { b } from '../model/b.ts';", /a\.ts:1 imports src\/model\/b\.ts/],
  ['an upward import of a type', 'src/model/a.ts', "import type { B } from '../train/b.ts';", /imports src\/train/],
  ['an upward re-export', 'src/model/a.ts', "export { b } from '../train/b.ts';", /imports src\/train\/b\.ts/],
  ['an upward lazy import', 'src/core/a.ts', "export const b = () => import('../train/b.ts');", /imports src\/train/],
  ['an upward import as a type', 'src/core/a.ts', "export type B = import('../train/b.ts').B;", /imports src\/train/],
  ['training from a head', 'src/heads/a.ts', "import { b } from '../train/b.ts';", /imports src\/train\/b\.ts/],
  ['training from data', 'src/data/a.ts', "import { b } from '../train/b.ts';", /imports src\/train\/b\.ts/],
  ['data from a base', 'src/bases/a.ts', "import { b } from '../data/b.ts';", /imports src\/data\/b\.ts/],
  ['a backend from a floor', 'src/train/a.ts', "import { b } from '../backends/cpu.ts';", /imports src\/backends/],
  [
    'a floor above core from a backend',
    'src/backends/a.ts',
    "import { b } from '../model/b.ts';",
    /imports src\/model/,
  ],
  ['node from a floor', 'src/train/a.ts', "import { b } from '../node/b.ts';", /imports src\/node\/b\.ts/],
  ['node from data', 'src/data/a.ts', "import { b } from '../node/b.ts';", /imports src\/node\/b\.ts/],
  ['node from the index', 'src/index.ts', "export * from './node/b.ts';", /imports src\/node\/b\.ts/],
  ['heads from the index', 'src/index.ts', "export * from './heads/b.ts';", /imports src\/heads\/b\.ts/],
  ['the index from node', 'src/node/a.ts', "import { b } from '../index.ts';", /imports src\/index\.ts/],
  ['the package itself', 'src/node/a.ts', "import { b } from 'tfjs-transfer/data';", /the package itself/],
  ['a definition in the index', 'src/index.ts', 'export const a = 1;', /is no export \*/],
  ['a named re-export in the index', 'src/index.ts', "export { a } from './core/a.ts';", /is no export \*/],
  ['a folder without a rule', 'src/other/a.ts', 'export const a = 1;', /no rule for src\/other/],
  ["tfjs' backend in a floor", 'src/model/a.ts', "import type * as b from '@tensorflow/tfjs-backend-cpu';", /may$/],
  ["an adapter's early import", 'src/backends/a.ts', "import * as b from '@tensorflow/tfjs-backend-cpu';", /lazily/],
  ['the trainable flag', 'src/model/a.ts', 'layer.trainable = false;', /writes tfjs' trainable flag/],
  ['the trainable flag by name', 'src/model/a.ts', "layer['trainable'] ||= true;", /writes tfjs' trainable flag/],
  ['compile', 'src/train/a.ts', "model.compile({ loss: 'mse' });", /calls compile/],
  ['fit', 'src/train/a.ts', 'await model?.fit(x, y);', /calls fit/],
  ["node's modules", 'src/data/a.ts', "import { readFile } from 'node:fs/promises';", /imports node:fs\/promises/],
  ["node's modules, without prefix", 'src/data/a.ts', "export const fs = () => import('fs');", /imports fs/],
  ["node's modules by a call", 'src/data/a.ts', "process.getBuiltinModule('fs');", /imports fs/],
  ['a class', 'src/model/a.ts', 'export class Model {}', /declares a class/],
  ['a class that extends another', 'src/model/a.ts', 'const B = class extends Layer {};', /declares a class/],
  [
    'a class beside the one of layers',
    'src/model/encoder/a.ts',
    'const B = class extends Layer {};',
    /declares a class/,
  ],
  ['formats from core', 'src/core/a.ts', "import { b } from '../formats/b.ts';", /imports src\/formats\/b\.ts/],
  ['a model from formats', 'src/formats/a.ts', "import { b } from '../model/b.ts';", /imports src\/model\/b\.ts/],
  ['a file of utilities', 'src/core/utils.ts', 'export const a = 1;', /name the file after what it does/],
  ['an import for the side effect', 'src/core/a.ts', "import './b.ts';", /nothing may happen on import/],
  ['a default export', 'src/core/a.ts', 'export default 1;', /exports a default/],
  ['a default function', 'src/core/a.ts', 'export default function a() {}', /exports a default/],
  ['a default by renaming', 'src/core/a.ts', 'const a = 1; export { a as default };', /exports a default/],
  ['a long file', 'src/core/a.ts', '\n'.repeat(200).concat('export const a = 1;\n'), /a\.ts has 201 lines/],
];

test.each(caught)('catches %s', (_rule, path, text, sentence) => {
  const found = violations({ [path]: text });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(sentence);
});

test('names every file that is too long', () => {
  const long = 'export const a = 1;\n'.repeat(201);
  expect(
    violations({ 'src/core/a.ts': long, 'src/core/b.ts': 'export const b = 1;\n', 'src/core/c.ts': long }),
  ).toEqual([
    expect.stringContaining('src/core/a.ts has 201 lines'),
    expect.stringContaining('src/core/c.ts has 201 lines'),
  ]);
});

const allowed: Readonly<Record<string, string>> = {
  'src/core/errors.ts': 'export class TransferError extends Error {}\n',
  'src/model/encoder/layer-class.ts': 'export const b = () => class extends Layer {};\n',
  'src/core/lines.ts': 'export const a = 1;\n'.repeat(200),
  'src/model/a.ts': "import { b } from '../core/b.ts';\nif (layer.trainable === false) b.compile = b.fit;\n",
  'src/core/host.ts': "export const fs = () => import('node:fs');\n",
  'src/data/a.ts': "import type { Stats } from 'node:fs';\nexport type A = Stats;\n",
  'src/train/a.ts': "import { b } from '../model/b.ts';\nimport { c } from '../core/c.ts';\n",
  'src/bases/a.ts': "import { b } from '../train/b.ts';\n",
  'src/backends/cpu.ts':
    "import type * as cpu from '@tensorflow/tfjs-backend-cpu';\nexport const a = () => import('@tensorflow/tfjs-backend-cpu');\n",
  'src/node/a.ts':
    "import { readFile } from 'node:fs/promises';\nimport { b } from '../backends/cpu.ts';\nimport { c } from '../data/index.ts';\n",
  'src/index.ts': "export * from './core/a.ts';\nexport type { B } from './train/b.ts';\n",
};

test('lets pass what is right', () => {
  expect(violations(allowed)).toEqual([]);
});
