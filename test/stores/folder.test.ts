import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { StoredFile } from '../../src/core/store.ts';
import { saveModel, type TransferModel, useBackend } from '../../src/index.ts';
import { type Folder, replaceModel } from '../../src/model/replace-model.ts';
import { folderAt } from '../../src/model/write-folder.ts';
import { filesOf, modelOf, scoresAt, scoresOf } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-folder-'));
let places = 0;
const next = () => join(root, String(++places));
let models: readonly [TransferModel, TransferModel];
let files: readonly [StoredFile[], StoredFile[]];
beforeAll(async () => {
  await useBackend(cpu());
  models = [modelOf(1), modelOf(2)];
  files = [await filesOf(models[0]), await filesOf(models[1])];
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The weights that a file of a folder speaks of; undefined where it is not there. */
function weightsBy(folder: string, file: string): string | undefined {
  if (!readdirSync(folder).includes(file)) return undefined;
  const json = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  return (json.tfjsTransfer ?? json.userDefinedMetadata.tfjsTransfer).weightsSha256;
}

/** What a reader sees at any moment: a whole model, and beside it its own metadata or none. */
function expectWhole(folder: string): string {
  const model = weightsBy(folder, 'model.json') as string;
  expect([model, undefined]).toContain(weightsBy(folder, 'metadata.json'));
  const bytes = readFileSync(join(folder, `weights.${model.slice(0, 16)}.bin`));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(model);
  return model;
}

/** The hash of the weights among the files of a model. */
const hashOf = ([weights]: readonly StoredFile[]) =>
  createHash('sha256')
    .update(weights?.bytes as Uint8Array)
    .digest('hex');

/** A folder whose every change is watched. */
async function watched(path: string, step: (what: string) => void): Promise<Folder> {
  const folder = await folderAt(path);
  const around = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    step(`before ${what}`);
    const result = await run();
    step(`after ${what}`);
    return result;
  };
  return {
    ...folder,
    remove: (name) => around(`remove ${name}`, () => folder.remove(name)),
    stage: (file, settings) =>
      around(`stage ${file.name}`, async () => {
        const staged = await folder.stage(file, settings);
        return { ...staged, place: () => around(`place ${file.name}`, staged.place) };
      }),
  };
}

test('a reader sees a whole model with its own metadata or none, at every step', async () => {
  const path = next();
  await replaceModel(await folderAt(path), files[0], {});
  const steps: string[] = [];
  const seen = new Set<string>();
  const folder = await watched(path, (what) => {
    steps.push(what);
    seen.add(expectWhole(path));
  });
  await replaceModel(folder, files[1], {});
  expect(seen.size).toBe(2);
  expect(steps.length).toBeGreaterThan(14);
  expect(weightsBy(path, 'metadata.json')).toBe(weightsBy(path, 'model.json'));
  expect(readdirSync(path).sort()).toEqual(files[1].map(({ name }) => name).sort());
});

test('a save that fails at any step leaves every file as it was, or the new model', async () => {
  // A staged file that fails after it was written is one that only this test knows.
  const contents = (path: string) =>
    readdirSync(path)
      .filter((name) => !name.endsWith('.tmp'))
      .map((name) => [name, readFileSync(join(path, name), 'base64')]);
  let outcomes = '';
  for (let failAt = 0; ; failAt++) {
    const path = next();
    await replaceModel(await folderAt(path), files[0], {});
    const before = contents(path);
    let step = 0;
    let failed = '';
    const folder = await watched(path, (what) => {
      if (step++ !== failAt) return;
      failed = what;
      throw new Error('no more');
    });
    await replaceModel(folder, files[1], {}).catch(() => {});
    if (!failed) break;
    const isOld = JSON.stringify(contents(path)) === JSON.stringify(before);
    if (!isOld) expect(expectWhole(path)).toBe(hashOf(files[1]));
    outcomes += isOld ? 'o' : 'n';
  }
  // All steps up to the rename of model.json keep the old one; it and those after it have the new one.
  expect(outcomes).toMatch(/^o{10,}n{2,}$/);
});

test('saves of one process to one folder take turns', async () => {
  const path = next();
  await Promise.all(Array.from({ length: 8 }, (_, i) => saveModel(models[i % 2 ? 1 : 0], i % 3 ? path : `${path}/.`)));
  expectWhole(path);
  expect(readdirSync(path)).toHaveLength(3);
  expect(await scoresAt(path)).toEqual(await scoresOf(models[1]));
});

test('weights that a dead process left are removed after an hour, and what others write is not', async () => {
  const path = next();
  mkdirSync(path);
  const [dead, alive, mine] = ['weights.0000000000000000.bin', 'weights.1111111111111111.bin', 'weights.mine.bin'];
  for (const name of [dead, alive, mine]) writeFileSync(join(path, name), 'x');
  const longAgo = Date.now() / 1000 - 2 * 3600;
  for (const name of [dead, mine]) utimesSync(join(path, name), longAgo, longAgo);
  await saveModel(models[0], path);
  const names = readdirSync(path);
  expect(names).not.toContain(dead);
  expect(names).toEqual(expect.arrayContaining([alive, mine]));
});

test('a process that is killed while it saves leaves a whole model', async () => {
  const path = next();
  await saveModel(models[0], path);
  const script = join(root, 'save.mjs');
  await build({
    stdin: {
      contents: `
        import { readFileSync } from 'node:fs';
        import { writeFolder } from './src/model/write-folder.ts';
        const sets = JSON.parse(readFileSync(${JSON.stringify(join(root, 'sets.json'))}, 'utf8'));
        const files = sets.map((set) => set.map(([name, text]) => ({ name, bytes: Buffer.from(text, 'base64') })));
        process.send('ready');
        for (let i = 0; ; i++) await writeFolder(${JSON.stringify(path)}, files[i % 2], {});`,
      resolveDir: join(import.meta.dirname, '../..'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
  });
  const sets = files.map((set) => set.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')]));
  writeFileSync(join(root, 'sets.json'), JSON.stringify(sets));
  const seen = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await new Promise((resolve) => child.once('message', resolve));
    await new Promise((resolve) => setTimeout(resolve, 7 * round));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    seen.add(expectWhole(path));
  }
  const known = [await scoresOf(models[0]), await scoresOf(models[1])];
  expect(known).toContainEqual(await scoresAt(path));
  await saveModel(models[0], path);
  expect(await scoresAt(path)).toEqual(known[0]);
});
