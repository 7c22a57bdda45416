import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { randomStream } from '../../src/core/random.ts';
import { diskFiles } from '../../src/model/disk-files.ts';
import { memoryRows } from '../../src/train/feature-rows.ts';
import { readingAhead } from '../../src/train/features-ahead.ts';
import { inFiles } from '../../src/train/file-rows.ts';

const numbersOf = async (rows: readonly number[]) => Float32Array.from(rows);

test('begins with the next rows while these are used, and reads each batch once', async () => {
  const begun: string[] = [];
  const { read } = readingAhead((rows) => {
    begun.push(rows.join());
    return numbersOf(rows);
  });
  expect([...(await read([1, 2], [5, 3]))]).toEqual([1, 2]);
  expect(begun).toEqual(['1,2', '5,3']);
  expect([...(await read([5, 3], [4]))]).toEqual([5, 3]);
  expect(begun).toEqual(['1,2', '5,3', '4']);
  // Another batch than was said, and none after it.
  expect([...(await read([7], []))]).toEqual([7]);
  expect([...(await read([4]))]).toEqual([4]);
  expect(begun).toEqual(['1,2', '5,3', '4', '7', '4']);
});

test('a failure ahead is that of whoever asks for the rows', async () => {
  const { read, settled } = readingAhead(async (rows) => {
    if (rows.includes(9)) throw new Error('the disk is gone');
    return numbersOf(rows);
  });
  expect([...(await read([1], [9]))]).toEqual([1]);
  await settled();
  await expect(read([9])).rejects.toThrow('the disk is gone');
  expect([...(await read([2], [9]))]).toEqual([2]);
  // Nobody asks for them: it is nobody's.
  expect([...(await read([3]))]).toEqual([3]);
});

test.each([
  ['float32', Float32Array],
  ['int32', Int32Array],
  ['bool', Uint8Array],
])('rows in a file are those in memory, in any order: %s', async (_, Kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'rows-'));
  const systemFolder = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    const random = randomStream('rows');
    const [count, size] = [40, 7];
    const inFile = await inFiles(diskFiles()).rows(Kind, count, size);
    const inMemory = memoryRows(new Kind(count * size), size);
    // Written out of order, as several workers would.
    for (const row of [20, 0, 30, 10]) {
      const numbers = new Kind(10 * size).map(() => Math.floor(200 * random()));
      for (const rows of [inFile, inMemory]) await rows.write(numbers as never, row);
    }
    for (const rows of [inFile, inMemory]) await rows.seal();
    for (const rows of [
      [3],
      [0, 1, 2, 3],
      [39, 0, 5, 6, 7, 6, 6, 8],
      Array.from({ length: 40 }, (_, row) => 39 - row),
    ]) {
      const read = await inFile.read(rows, [1, 2]);
      expect(read).toBeInstanceOf(Kind);
      expect([...read]).toEqual([...(await inMemory.read(rows))]);
    }
    await inFile.remove();
  } finally {
    if (systemFolder === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = systemFolder;
    rmSync(folder, { recursive: true });
  }
});
