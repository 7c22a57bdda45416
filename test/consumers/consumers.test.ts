import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noBrowser, visit } from './browser.ts';
import { type Bundle, bundleWithVite, bundleWithWebpack } from './bundle.ts';
import { install, pack, ran, root } from './install.ts';

const folder = mkdtempSync(join(tmpdir(), 'tfjs-transfer-consumers-'));
const base = join(folder, 'base');
const backend = (name: string) => `@tensorflow/tfjs-backend-${name}`;
const needed = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'];

/** An app with the packed library, and of all packages that the library can use only the backends that are named. */
function appWith(name: string, backends: readonly string[]): string {
  const app = join(folder, name);
  install(app, tarball, [...needed, ...backends.map(backend)]);
  cpSync(join(import.meta.dirname, 'apps'), app, { recursive: true });
  return app;
}

let tarball: string;
let withCpu: string;
let withWasm: string;
let withWebgl: string;

beforeAll(() => {
  if (!existsSync(join(root, 'dist', 'index.js'))) ran('npm', ['run', 'build'], root);
  tarball = pack(folder);
  withCpu = appWith('cpu', ['cpu']);
  withWasm = appWith('wasm', ['wasm']);
  withWebgl = appWith('webgl', ['webgl']);
  ran(process.execPath, ['make-base.mjs', base], withCpu);
});

const table = [['app', 'runs in', 'scripts', 'gzip', 'backends']];
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  const widths = (table[0] as string[]).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  console.log(table.map((row) => row.map((cell, at) => cell.padEnd(widths[at] as number)).join('  ')).join('\n'));
});

/** What `run` of apps/run.js returns. All backends learn the same from the same seeds. */
const resultWith = (name: string) => ({
  afterImport: [],
  backends: [name],
  ended: 'completed',
  best: { label: 'light', score: expect.closeTo(0.98658, 4) },
});

test.each([
  ['node.mjs', 'wasm', () => withWasm],
  ['node.cjs', 'cpu', () => withCpu],
] as const)('%s runs in Node with %s alone', (program, name, app) => {
  const printed = ran(process.execPath, [program, base], app());
  const result = JSON.parse(printed.trim().split('\n').at(-1) as string);
  expect(result).toEqual(resultWith(name));
  table.push([program, `Node ${process.versions.node}`, '', '', result.backends.join(' ')]);
});

const page = async (site: string, name: string, uses: string): Promise<readonly string[]> => {
  const { result, requested, complaints, scripts } = await visit(site, name, base);
  expect({ result, complaints }).toEqual({ result: resultWith(uses), complaints: [] });
  const { backends } = result as { readonly backends: readonly string[] };
  table.push([name, 'Chromium', kilobytes(scripts.raw), kilobytes(scripts.gzip), backends.join(' ')]);
  return requested;
};

/** What an app with workers finds out: that they do the same, and none has died. */
const sameByWorkers = { same: true, ended: 'completed', died: false };

test.each(['workers.mjs', 'workers.cjs'])('%s computes features in workers, and ends', (program) => {
  const printed = ran(process.execPath, [program, base], withWasm);
  expect(JSON.parse(printed.trim().split('\n').at(-1) as string)).toEqual(sameByWorkers);
});

test('an app bundles its worker with Vite', async (context) => {
  const bundled = await bundleWithVite(withWasm, 'vite-workers');
  expect(bundled.warnings).toEqual([]);
  if (noBrowser) return context.skip(noBrowser);
  const { result, complaints } = await visit(bundled.site, 'vite-workers.html', base);
  expect({ result, complaints }).toEqual({ result: sameByWorkers, complaints: [] });
}, 300_000);

/** The backends that a bundle has code of. Those of wasm, WebGL and WebGPU share parts of the cpu's, not its `base.js`. */
const backendsIn = ({ modules }: Bundle) => {
  const entries = modules.filter((path) => path.endsWith('base.js') || !path.includes(backend('cpu')));
  return [...new Set(entries.flatMap((path) => /tfjs-backend-(\w+)/.exec(path)?.[1] ?? []))].sort();
};

describe.each([
  ['vite', bundleWithVite],
  ['webpack', bundleWithWebpack],
] as const)('%s', (name, bundle) => {
  let bundled: Bundle;

  test('bundles an app with one backend installed, without a warning', async () => {
    bundled = await bundle(withWasm, name);
    expect(bundled.warnings).toEqual([]);
    const outside = bundled.modules.filter((path) => path.startsWith('..'));
    expect(outside).toEqual([]);
    expect(bundled.modules.filter((path) => path.includes(join('tfjs-transfer', 'dist')))).not.toEqual([]);
    expect(backendsIn(bundled)).toEqual(['wasm']);
  }, 300_000);

  test('what it makes runs in a browser and fetches one backend', async (context) => {
    if (noBrowser) return context.skip(noBrowser);
    const requested = await page(bundled.site, `${name}.html`, 'wasm');
    expect(requested.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
  });
});

test('an app bundles the backend that it names, whatever else is installed', async () => {
  const all = appWith('all', ['cpu', 'wasm', 'webgl', 'webgpu']);
  const [few, many] = [await bundleWithVite(withWasm, 'vite'), await bundleWithVite(all, 'vite')];
  expect(many.modules).toEqual(few.modules);
  expect(few.modules.filter((path) => path.includes('ml-matrix'))).toEqual([]);

  // What a browser can import of the library; sharp, webgpu and tfjs-node are not there.
  const { exports } = JSON.parse(readFileSync(join(all, 'node_modules', 'tfjs-transfer', 'package.json'), 'utf8'));
  const subpaths = Object.keys(exports).filter((path) => !['./node', './package.json'].includes(path));
  const lines = subpaths.map((path, at) => `import * as all${at} from 'tfjs-transfer${path.slice(1)}';`);
  const used = `globalThis.result = [${subpaths.map((_, at) => `all${at}`)}];`;
  writeFileSync(join(all, 'every.js'), [...lines, used].join('\n'));
  const every = await bundleWithVite(all, 'every');
  expect(every.warnings).toEqual([]);
  expect(backendsIn(every)).toEqual(['cpu', 'wasm', 'webgl', 'webgpu']);
});

test('a page without a bundler runs, with an import map', async (context) => {
  if (noBrowser) return context.skip(noBrowser);
  const requested = await page(withWebgl, 'page.html', 'webgl');
  const backends = requested.filter((path) => path.includes('tfjs-backend'));
  expect(backends).toEqual([expect.stringContaining('tf-backend-webgl.fesm.min.js')]);
});

test.each([
  ['nodenext', 'types.mts'],
  ['nodenext', 'types.cts'],
  ['bundler', 'types.ts'],
])('types are found and right with moduleResolution %s in %s', (moduleResolution, file) => {
  const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution;
  if (file !== 'types.ts') cpSync(join(withWasm, 'types.ts'), join(withWasm, file));
  const compilerOptions = { module, moduleResolution, strict: true, noEmit: true, skipLibCheck: true, types: [] };
  writeFileSync(join(withWasm, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  ran(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', withWasm], withWasm);
  table.push([`${file} (${moduleResolution})`, 'tsc', '', '', '']);
});
