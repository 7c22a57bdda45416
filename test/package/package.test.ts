import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../src/core/version.ts';
import { pack, root } from '../consumers/install.ts';

const folder = mkdtempSync(join(tmpdir(), 'tfjs-transfer-package-'));
const installed = join(folder, 'node_modules', 'tfjs-transfer');

interface PackageJson {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly repository?: { readonly url: string };
}
const packageOf = (place: string): PackageJson => JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
const { dependencies, exports } = packageOf(root);
const subpaths = Object.keys(exports).map((subpath) => subpath.replace(/^\./, 'tfjs-transfer'));
const modules = subpaths.filter((subpath) => !subpath.endsWith('.json'));

// What an app installs beside the package for the cpu backend; the other peers are left out.
const besides = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu'];

/** Runs a program in the app's folder, as its user would. */
function ran(command: string, args: readonly string[], cwd = folder): SpawnSyncReturns<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawnSync(command, args, { cwd, env, encoding: 'utf8' });
}

function succeeded(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr, error } = ran(command, args, cwd);
  expect({ status, error }, `${command} ${args[0]}: ${stderr}`).toEqual({ status: 0, error: undefined });
  return stdout;
}

beforeAll(() => {
  if (!existsSync(join(root, 'dist', 'index.js'))) succeeded('npm', ['run', 'build'], root);
  mkdirSync(installed, { recursive: true });
  succeeded('tar', ['-xzf', pack(folder), '-C', installed, '--strip-components=1']);
  for (const name of [...besides, ...Object.keys(dependencies)]) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place, 'dir');
  }
  // As npm links it.
  mkdirSync(join(folder, 'node_modules', '.bin'));
  symlinkSync(
    join(installed, packageOf(root).bin['tfjs-transfer'] as string),
    join(folder, 'node_modules', '.bin', 'tfjs-transfer'),
  );
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "version": "1.0.0" }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the version in the sources is package.json's", () => {
  expect(packageOf(root).version).toBe(version);
});

test('the package holds what its exports name, and no sources or tests', () => {
  const targets = JSON.stringify(exports).match(/\.\/dist\/[^"]+/g) ?? [];
  expect(targets).toHaveLength(4 * modules.length);
  for (const target of targets) expect(statSync(join(installed, target)).isFile(), target).toBe(true);
  for (const name of ['LICENSE', 'README.md', 'package.json'])
    expect(existsSync(join(installed, name)), name).toBe(true);
  for (const name of ['src', 'test', 'bases', 'node_modules'])
    expect(existsSync(join(installed, name)), name).toBe(false);
});

test('installing the package runs nothing', () => {
  const { scripts, dependencies } = packageOf(installed);
  const onInstall = ['preinstall', 'install', 'postinstall', 'prepare'];
  expect(Object.keys(scripts).filter((name) => onInstall.includes(name))).toEqual([]);
  expect(existsSync(join(installed, 'binding.gyp'))).toBe(false);
  expect(Object.keys(dependencies)).toEqual(['@huggingface/tokenizers', 'citty', 'csv-parse', 'fflate', 'ml-matrix']);
});

test('every link of the README leads somewhere on npm, which reads relative ones by the repository', () => {
  const { repository } = packageOf(installed);
  expect(repository?.url).toMatch(/^git\+https:\/\/github\.com\/[\w-]+\/[\w-]+\.git$/);
  const text = readFileSync(join(installed, 'README.md'), 'utf8').replace(/^```.*?^```/gms, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|(?:href|src)="([^"]+)"/g)].map(([, a, b]) => (a ?? b) as string);
  const relative = links.filter((link) => !/^(https:|#)/.test(link));
  expect(relative).not.toEqual([]);
  const broken = relative.filter((link) => !existsSync(join(root, link.split('#')[0] as string)));
  expect(broken).toEqual([]);
});

/** Builds a copy of the sources elsewhere, and packs it. */
async function packedCopy(name: string): Promise<string> {
  const copy = join(folder, name);
  const parts = ['src', 'package.json', 'tsconfig.json', 'tsup.config.ts', 'README.md', 'LICENSE', 'CHANGELOG.md'];
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  const { NODE_OPTIONS: _, ...env } = process.env;
  const build = spawn('npm', ['run', 'build'], { cwd: copy, env, stdio: 'ignore' });
  expect(await new Promise((resolve) => build.on('close', resolve))).toBe(0);
  return pack(join(copy, 'packed'), copy);
}

/** Whether the dist folder was built from the sources as they are. */
function isBuilt(): boolean {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...files.map((file) => statSync(join(root, 'src', file)).mtimeMs));
  return statSync(join(root, 'dist', 'node', 'cli.js')).mtimeMs > newest;
}

test('two builds, in two places, pack to the same bytes', async () => {
  const tarballs = [await packedCopy('copy'), isBuilt() ? pack(join(folder, 'again')) : await packedCopy('other')];
  const [one, other] = tarballs.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'));
  expect(one).toBe(other);
}, 600_000);

const imports = {
  mjs: (names: readonly string[], specifier: string) => `import { ${names.join(', ')} } from '${specifier}';`,
  cjs: (names: readonly string[], specifier: string) => `const { ${names.join(', ')} } = require('${specifier}');`,
} as const;
type Format = keyof typeof imports;

/** Runs a script in the app's folder as a module of either kind; it prints one line of JSON. */
function printed(
  format: Format,
  name: string,
  wanted: Readonly<Record<string, readonly string[]>>,
  body: string,
): unknown {
  const head = Object.entries(wanted).map(([specifier, names]) => imports[format](names, specifier));
  const text = format === 'mjs' ? body : `(async () => {\n${body}\n})();`;
  writeFileSync(join(folder, `${name}.${format}`), `${head.join('\n')}\n${text}\n`);
  return JSON.parse(
    succeeded(process.execPath, [`${name}.${format}`])
      .trim()
      .split('\n')
      .at(-1) as string,
  );
}

const formats: readonly Format[] = ['mjs', 'cjs'];

test.each(formats)('importing every subpath as .%s registers no backend and makes no tensor', (format) => {
  const load = format === 'mjs' ? 'await import' : 'require';
  const body = `
    const tf = ${load}('@tensorflow/tfjs-core');
    const sizes = {};
    for (const name of ${JSON.stringify(modules)}) sizes[name] = Object.keys(${load}(name)).length;
    const { registryFactory, state } = tf.engine();
    console.log(JSON.stringify({ sizes, tensors: state.numTensors, backends: Object.keys(registryFactory) }));`;
  const result = printed(format, 'import-all', {}, body) as { readonly sizes: Readonly<Record<string, number>> };
  expect(result).toEqual({ sizes: expect.anything(), tensors: 0, backends: [] });
  expect(Object.keys(result.sizes)).toEqual(modules);
  for (const [name, count] of Object.entries(result.sizes)) expect(count, name).toBeGreaterThan(0);
});

test.each(formats)('every subpath throws one TransferError, as .%s', (format) => {
  const wanted = {
    'tfjs-transfer': ['TransferError', 'train'],
    'tfjs-transfer/backends/cpu': ['cpu'],
    'tfjs-transfer/backends/wasm': ['wasm'],
    'tfjs-transfer/backends/webgl': ['webgl'],
    'tfjs-transfer/backends/webgpu': ['webgpu'],
    'tfjs-transfer/backends/node': ['node'],
    'tfjs-transfer/heads': ['classifier'],
    'tfjs-transfer/data': ['fromArrays'],
    'tfjs-transfer/bases': ['tinyCnn'],
    'tfjs-transfer/node': ['imageFolder'],
    'tfjs-transfer/web': ['snapshot'],
    'tfjs-transfer/stores': ['opfs'],
    'tfjs-transfer/text': ['textExamples'],
    'tfjs-transfer/analyse': ['ridge'],
    'tfjs-transfer/adapters': ['loadAdapter'],
  };
  const body = `
    const missing = () => Promise.reject(Object.assign(new Error("Cannot find package '@tensorflow/tfjs-backend-cpu'"), { code: 'ERR_MODULE_NOT_FOUND' }));
    const failures = [
      () => train({ epochs: 0 }),
      () => cpu({ lib: missing }).load(),
      () => wasm().load(),
      () => webgl().load(),
      () => webgpu().load(),
      () => node().load(),
      () => classifier([]),
      () => fromArrays([], []),
      () => tinyCnn(),
      () => imageFolder('nowhere'),
      () => snapshot('no picture'),
      () => opfs(''),
      () => textExamples([], []),
      () => ridge({ penalty: 0 }),
      () => loadAdapter({}, 'nowhere'),
    ];
    const codes = [];
    for (const fail of failures) {
      try { await fail(); codes.push('nothing thrown'); }
      catch (error) { codes.push(error instanceof TransferError ? error.code : String(error)); }
    }
    console.log(JSON.stringify(codes));`;
  expect(Object.keys(wanted).sort()).toEqual([...modules].sort());
  expect(printed(format, 'errors', wanted, body)).toEqual([
    'INVALID_ARGUMENT',
    'PACKAGE_MISSING',
    'PACKAGE_MISSING',
    'BACKEND_UNKNOWN',
    'PACKAGE_MISSING',
    'PACKAGE_MISSING',
    'INVALID_ARGUMENT',
    'INVALID_DATA',
    'BACKEND_UNKNOWN',
    'NOT_FOUND',
    'INVALID_DATA',
    'INVALID_ARGUMENT',
    'INVALID_ARGUMENT',
    'INVALID_ARGUMENT',
    'INVALID_ORDER',
  ]);
});

test.each(formats)('an encoder of text trains in plain Node, as .%s', (format) => {
  const wanted = {
    'tfjs-transfer': ['attachHead', 'fineTune', 'loadBase', 'pipe', 'train', 'unfreeze', 'useBackend'],
    'tfjs-transfer/backends/cpu': ['cpu'],
    'tfjs-transfer/heads': ['classifier'],
    'tfjs-transfer/text': ['loadTokenizer', 'textExamples'],
  };
  const body = `
    await useBackend(cpu());
    const place = ${JSON.stringify(join(root, 'test/goldens/text/tiny-bert'))};
    const model = pipe(await loadBase(place), attachHead(classifier(['bad', 'good'])), unfreeze());
    const data = { train: textExamples(['soup', 'never'], [1, 0], await loadTokenizer(place)) };
    const { ended } = await fineTune(model, data, [train({ epochs: 1 })]);
    console.log(JSON.stringify(ended));`;
  expect(printed(format, 'text', wanted, body)).toBe('completed');
});

test.each(formats)('a head trains, is saved, loaded and predicts in plain Node, as .%s', (format) => {
  const wanted = {
    'tfjs-transfer': [
      'attachHead',
      'fineTune',
      'linearProbe',
      'loadModel',
      'pipe',
      'predict',
      'saveModel',
      'useBackend',
    ],
    'tfjs-transfer/backends/cpu': ['cpu'],
    'tfjs-transfer/bases': ['tinyCnn'],
    'tfjs-transfer/data': ['fromArrays'],
    'tfjs-transfer/heads': ['classifier'],
  };
  const body = `
    await useBackend(cpu());
    const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
    const rows = [10, 240, 30, 220].map((value) => new Array(16).fill(new Array(16).fill([value, value, value])));
    const data = { train: fromArrays(rows, [0, 1, 0, 1]) };
    const { model: tuned, ended } = await fineTune(model, data, linearProbe({ epochs: 1 }));
    await saveModel(tuned, 'model-${format}');
    const loaded = await loadModel('model-${format}');
    console.log(JSON.stringify({ ended, before: await predict(tuned, rows[0]), after: await predict(loaded, rows[0]) }));`;
  const result = printed(format, 'train', wanted, body) as { readonly before: unknown };
  expect(result).toEqual({ ended: 'completed', before: expect.any(Array), after: result.before });
  expect(result.before).toHaveLength(2);
});

test('peers that are not installed are named when they are needed, and not before', () => {
  const wanted = {
    'tfjs-transfer': ['attachHead', 'pipe', 'predict', 'useBackend'],
    'tfjs-transfer/backends/cpu': ['cpu'],
    'tfjs-transfer/backends/wasm': ['wasm'],
    'tfjs-transfer/bases': ['tinyCnn'],
    'tfjs-transfer/heads': ['classifier'],
  };
  const body = `
    const said = [];
    const say = (error) => said.push(error.code + ' ' + error.message);
    await useBackend(wasm()).catch(say);
    await useBackend(cpu());
    const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
    await predict(model, 'package.json').catch(say);
    console.log(JSON.stringify(said));`;
  expect(printed('mjs', 'peers', wanted, body)).toEqual([
    expect.stringMatching(/^PACKAGE_MISSING .*npm install @tensorflow\/tfjs-backend-wasm/),
    expect.stringMatching(/^PACKAGE_MISSING .*npm install sharp/),
  ]);
});

test('the command line is a program that says its version and what it can do', () => {
  const program = join(folder, 'node_modules', '.bin', 'tfjs-transfer');
  expect(succeeded(process.execPath, [program, '--version'])).toBe(`${version}\n`);
  expect(succeeded(process.execPath, [program, '--help'])).toMatch(/train.*predict.*evaluate.*inspect/s);
  const { status, stderr } = ran(process.execPath, [program, 'fly']);
  expect([status, stderr]).toEqual([2, expect.stringMatching(/Unknown command "fly"/)]);
  if (process.platform !== 'win32') expect(succeeded(program, ['--version'])).toBe(`${version}\n`);
});
