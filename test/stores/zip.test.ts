import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { loadBase, loadModel, saveModel, type TransferModel, useBackend } from '../../src/index.ts';
import { zip } from '../../src/stores/index.ts';
import { view } from '../../src/stores/zip-directory.ts';
import { filesOf, leavingNothing, modelOf, scoresAt, scoresOf } from './contract.ts';

const megabyte = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-zip-'));
let model: TransferModel;
let contents: Record<string, Uint8Array>;
let weights: string;
beforeAll(async () => {
  await useBackend(cpu());
  model = modelOf(1);
  contents = Object.fromEntries((await filesOf(model)).map(({ name, bytes }) => [name, bytes]));
  weights = Object.keys(contents).find((name) => name.endsWith('.bin')) as string;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const refused = (bytes: Uint8Array, message: RegExp, code = 'INVALID_MODEL') =>
  leavingNothing(async () => {
    for (const load of [loadModel, loadBase]) {
      await expect(load(zip(bytes))).rejects.toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(message) }),
      );
    }
  });

/** Changes each header of the directory. */
function withDirectory(bytes: Uint8Array, change: (header: DataView) => void): Uint8Array {
  const changed = bytes.slice();
  const numbers = view(changed);
  for (let at = 0; at < changed.length - 46; at++) {
    if (numbers.getUint32(at, true) === 0x02014b50) change(view(changed.subarray(at)));
  }
  return changed;
}

/** The most memory above that before, in bytes, while something runs. */
async function memoryOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 1);
  await run();
  clearInterval(timer);
  return Math.max(most, process.memoryUsage.rss()) - before;
}

describe('a zip bomb', () => {
  // 128 MB of zeros in 128 kB.
  const bomb = () => new Uint8Array(128 * megabyte);

  test('in the weights is refused where they are longer than model.json says', async () => {
    const bytes = zipSync({ ...contents, [weights]: bomb() });
    expect(bytes.length).toBeLessThan(megabyte);
    const memory = await memoryOf(() => refused(bytes, /weights.*should take \d+ bytes, and \d+ are there/));
    expect(memory).toBeLessThan(100 * megabyte);
  });

  test('that declares few bytes, or more than there are, is counted and not believed', async () => {
    const bytes = zipSync({ ...contents, [weights]: bomb() });
    for (const size of [4, 4_000_000_000]) {
      const changed = withDirectory(bytes, (header) => {
        if (header.getUint16(28, true) === weights.length) header.setUint32(24, size, true);
      });
      expect(await memoryOf(() => refused(changed, /should take \d+ bytes/))).toBeLessThan(100 * megabyte);
    }
    const whole = zipSync(contents);
    const changed = withDirectory(whole, (header) => header.setUint32(24, 4_000_000_000, true));
    await refused(changed, /damaged: it has \d+ bytes and says that it has 4000000000/);
  });

  test('that its model.json agrees with is refused by what it takes in the zip', async () => {
    const json = JSON.parse(new TextDecoder().decode(contents['model.json']));
    json.weightsManifest[0].weights = [{ name: 'w', shape: [32 * megabyte], dtype: 'float32' }];
    const bytes = zipSync({ 'model.json': strToU8(JSON.stringify(json)), [weights]: bomb() });
    const memory = await memoryOf(() => refused(bytes, /takes \d+ bytes in the zip and unpacks to more than/));
    expect(memory).toBeLessThan(100 * megabyte);
  });

  test('in model.json is refused', async () => {
    const bytes = zipSync({ ...contents, 'model.json': bomb() });
    const memory = await memoryOf(() => refused(bytes, /model\.json.*bytes in the zip and unpacks to more than/));
    expect(memory).toBeLessThan(100 * megabyte);
  });

  test('in a file that the model does not name is left packed', async () => {
    const bytes = zipSync({ ...contents, 'more.bin': bomb() });
    expect(await memoryOf(() => scoresAt(zip(bytes)))).toBeLessThan(100 * megabyte);
  });
});

describe('a name in a zip', () => {
  test.each(['../model.json', 'a/../../b', '/etc/passwd', '\\windows', 'a\\..\\b', 'C:/b', '..', 'a/..'])(
    'that leads out of the folder is refused: %s',
    async (name) => {
      const before = readdirSync(root);
      await refused(zipSync({ ...contents, [name]: strToU8('mine') }), /leads out of its folder/);
      expect(readdirSync(root)).toEqual(before);
    },
  );

  test('that only looks like it is not', async () => {
    const zipped = zipSync({ ...contents, 'notes..txt': strToU8('mine'), '.hidden/..x': strToU8('mine') });
    expect(await scoresAt(zip(zipped))).toEqual(await scoresOf(model));
  });

  test('that stands twice is refused', async () => {
    const bytes = zipSync({ ...contents, 'model.jsom': contents['model.json'] as Uint8Array });
    const changed = withDirectory(bytes, (header) => {
      if (header.getUint8(46 + 9) === 'm'.charCodeAt(0) && header.getUint16(28, true) === 10) header.setUint8(55, 110);
    });
    await refused(changed, /has "model\.json" twice/);
  });

  test('may have a folder before it, and what macOS adds beside it', async () => {
    const packed: Zippable = {
      '__MACOSX/flowers/model.json': strToU8('{}'),
      '__MACOSX/flowers/._model.json': strToU8('x'),
    };
    for (const [name, bytes] of Object.entries(contents)) packed[`flowers/${name}`] = bytes;
    expect(await scoresAt(zip(zipSync(packed)))).toEqual(await scoresOf(model));
  });
});

test('a zip of several models, of none, and what is no zip are refused', async () => {
  const json = contents['model.json'] as Uint8Array;
  await refused(
    zipSync({ 'a/model.json': json, 'b/model.json': json }),
    /several models: a\/model\.json, b\/model\.json/,
  );
  await refused(zipSync({ 'notes.txt': strToU8('mine') }), /has no model\.json. It has notes\.txt/, 'NOT_FOUND');
  await refused(strToU8('no zip'), /is no zip/);
  await refused(new Uint8Array(0), /is no zip/);
  await refused(
    withDirectory(zipSync(contents), (header) => header.setUint16(8, 1, true)),
    /encrypted/,
  );
  await refused(
    withDirectory(zipSync(contents), (header) => header.setUint16(10, 12, true)),
    /packed by method 12/,
  );
  expect(() => zip(42 as never)).toThrow(/no path, no bytes and no Blob/);
  await expect(loadModel(zip(join(root, 'nowhere.zip')))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a letter of a label that was changed is refused by the check sum, which alone covers model.json', async () => {
  const bytes = zipSync(contents, { level: 0 });
  const at = Buffer.from(bytes).indexOf('"neither"');
  expect(at).toBeGreaterThan(0);
  bytes[at + 1] = 'N'.charCodeAt(0);
  await refused(bytes, /model\.json is damaged: its check sum is another one/);
});

test('a byte that was changed anywhere is refused, or changes nothing that is read', async () => {
  const path = join(root, 'changed.zip');
  await saveModel(model, zip(path));
  const bytes = zipSync(contents);
  const expected = await scoresOf(model);
  await leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, difference) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ difference;
        writeFileSync(path, changed);
        const outcome = await scoresAt(zip(path)).catch(({ code }) => code);
        if (typeof outcome === 'string') expect(['INVALID_MODEL', 'NOT_FOUND']).toContain(outcome);
        else expect(outcome).toEqual(expected);
      }),
      { numRuns: 150, seed: 1 },
    ),
  );
});

test('a zip that was cut off anywhere is refused', async () => {
  const bytes = zipSync(contents);
  for (let length = 0; length < bytes.length; length += 977) await refused(bytes.subarray(0, length), /./);
});
