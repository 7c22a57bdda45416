import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import sharp, { type Sharp } from 'sharp';
import type { Examples, InputSpecification } from 'tfjs-transfer';
import { flip } from 'tfjs-transfer/data';
import { imageFolder, labelledPictures } from 'tfjs-transfer/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-pictures-'));
const rgb = (size: number): InputSpecification => ({ shape: [size, size, 3], dtype: 'float32', scale: 1, offset: 0 });

/** Dark on the left, bright on the right, so that a flip shows. */
const ramp = (width = 8, height = 8, tint = 0) =>
  sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, at) => {
      const column = Math.floor(at / 3) % width;
      return Math.min(255, Math.round((column * 200) / width) + (at % 3 === 1 ? tint : 0));
    }),
    { raw: { width, height, channels: 3 } },
  );

async function write(path: string, content: Sharp | Uint8Array | string): Promise<void> {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content);
  else await content.toFile(file);
}

async function writeClasses(folder: string, counts: Readonly<Record<string, number>>): Promise<string> {
  let tint = 0;
  for (const [label, count] of Object.entries(counts)) {
    mkdirSync(join(root, folder, label), { recursive: true });
    for (let i = 0; i < count; i++) {
      tint += 3;
      await write(`${folder}/${label}/${i}.png`, ramp(8, 8, tint));
    }
  }
  mkdirSync(join(root, folder), { recursive: true });
  return join(root, folder);
}

const names = (examples?: Examples) => Array.from({ length: examples?.size ?? 0 }, (_, i) => examples?.describe(i));

async function read(examples: Examples, view?: number, size = 8): Promise<number[]> {
  const indices = Array.from({ length: examples.size }, (_, index) => index);
  const [batch] = await examples.read(indices, { inputs: [rgb(size)], ...(view !== undefined && { view }) });
  expect(batch?.shape).toEqual([examples.size, size, size, 3]);
  const values = [...((await batch?.data()) ?? [])];
  batch?.dispose();
  return values;
}

let flowers: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  flowers = await writeClasses('flowers', { tulip: 10, rose: 5, daisy: 5 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('folders are classes in the order of their names, every class in its share', async () => {
  const data = await imageFolder(flowers, { validation: 0.2, test: 0.2 });
  expect(data.labels).toEqual(['daisy', 'rose', 'tulip']);
  expect([data.train.size, data.validation.size, data.test.size]).toEqual([12, 4, 4]);
  expect(data.validation.targets).toEqual([0, 1, 2, 2]);
  expect(new Set([...names(data.train), ...names(data.validation), ...names(data.test)]).size).toBe(20);
  for (const { target, name } of data.pictures) expect(name).toMatch(data.labels[target as number] as string);
  expect(data.skipped).toEqual([]);
});

test('the seed decides the splits, wherever the folder lies; 0 is a seed', async () => {
  const split = async (folder: string | URL, seed?: number) =>
    names((await imageFolder(folder, seed === undefined ? {} : { seed })).train);
  const first = await split(flowers, 0);
  expect(await split(flowers)).toEqual(first);
  expect(await split(pathToFileURL(flowers))).toEqual(first);
  expect(await split(`${flowers}/../flowers/`, 0)).toEqual(first);
  expect(await split(flowers, 1)).not.toEqual(first);
});

test('pictures come at the size that is asked for, 0 to 255, and leave no tensor', async () => {
  const before = tf.memory().numTensors;
  const { train } = await imageFolder(flowers, { validation: 0 });
  const plain = await read(train);
  const tints = new Set(Array.from({ length: train.size }, (_, row) => plain[row * 192 + 1]));
  expect(tints).toEqual(new Set(Array.from({ length: 20 }, (_, index) => 3 * (index + 1))));
  expect(plain.slice(0, 24).filter((_, at) => at % 3 === 0)).toEqual([0, 25, 50, 75, 100, 125, 150, 175]);
  const large = await read(train, undefined, 16);
  expect(large.slice(0, 15).filter((_, at) => at % 3 === 0)).toEqual([0, 6, 19, 31, 44]);
  await read(train, undefined, 4);
  expect(tf.memory().numTensors).toBe(before);
});

test('training pictures alone are augmented, by the seed', async () => {
  const data = async (seed: number) => imageFolder(flowers, { seed, augment: flip() });
  const [zero, again, one] = [await data(0), await data(0), await data(1)];
  expect([zero.train.augmented, zero.validation.augmented]).toEqual([true, false]);
  const plain = await read(zero.train);
  const view = await read(zero.train, 0);
  expect(view).not.toEqual(plain);
  expect(await read(again.train, 0)).toEqual(view);
  expect(await read(zero.train, 1)).not.toEqual(view);
  expect(await read(one.train, 0)).not.toEqual(view);
  expect(await read(zero.validation, 0)).toEqual(await read(zero.validation));
});

test('what is no picture is skipped and listed', async () => {
  const folder = await writeClasses('broken', { cat: 3, dog: 3 });
  const jpeg = await ramp(64, 64).jpeg().toBuffer();
  await write('broken/cat/notes.png', 'these are notes');
  await write('broken/cat/half.jpg', jpeg.subarray(0, -20));
  await write('broken/cat/empty.png', '');
  await write('broken/cat/list.txt', 'a list');
  await write('broken/cat/.hidden.png', 'hidden');
  await write('broken/dog/more/1.png', ramp());
  await write('broken/readme.md', 'about');
  await write('broken/.git/config.png', 'hidden');
  symlinkSync(join(root, 'nowhere.png'), join(folder, 'dog', 'link.png'));
  symlinkSync(join(folder, 'dog', '0.png'), join(folder, 'dog', 'linked.png'));
  const progress: string[] = [];
  const data = await imageFolder(folder, { onProgress: ({ done, total }) => progress.push(`${done}/${total}`) });
  expect(data.labels).toEqual(['cat', 'dog']);
  expect(data.pictures).toHaveLength(7);
  expect(data.skipped.map(({ file }) => file)).toEqual([
    'cat/empty.png',
    'cat/half.jpg',
    'cat/list.txt',
    'cat/notes.png',
    'dog/link.png',
    'dog/more/',
    'readme.md',
  ]);
  expect(data.skipped.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/empty/),
    expect.stringMatching(/premature end/),
    expect.stringMatching(/its name ends in none of/),
    expect.stringMatching(/unsupported image format/),
    expect.stringMatching(/ENOENT/),
    expect.stringMatching(/a folder inside/),
    expect.stringMatching(/beside the folders/),
  ]);
  expect([progress[0], progress.at(-1), progress.length]).toEqual(['1/11', '11/11', 11]);
  await read(data.train);
});

describe('a folder that cannot be used is refused', () => {
  const refusals: readonly [string, Readonly<Record<string, number>> | undefined, string, RegExp, object?][] = [
    ['no folder', undefined, 'NOT_FOUND', /no folder to read \(ENOENT\)/],
    ['no subfolders', {}, 'INVALID_DATA', /no subfolders, 0 files/],
    ['no pictures', { cat: 0, dog: 0 }, 'INVALID_DATA', /no readable picture in cat\/, dog\//],
    ['one class', { cat: 3 }, 'INVALID_DATA', /one class alone, "cat"/],
    ['a class without pictures', { cat: 3, dog: 0 }, 'INVALID_DATA', /class "dog" has no readable picture/],
    ['a class of one picture', { cat: 3, dog: 1 }, 'INVALID_DATA', /class "dog" has one picture/],
    [
      'a folder that is no label',
      { cat: 3, dog: 3 },
      'INVALID_DATA',
      /folder "dog" is none of/,
      { labels: ['cat', 'owl'] },
    ],
    ['shares', { cat: 3, dog: 3 }, 'INVALID_ARGUMENT', /sum is below 1/, { validation: 0.6, test: 0.6 }],
  ];
  test.each(refusals)('%s', async (name, counts, code, message, settings = {}) => {
    const folder = counts ? await writeClasses(`refused/${name}`, counts) : join(root, 'refused', 'absent');
    const message_ = expect.stringMatching(message);
    await expect(imageFolder(folder, settings)).rejects.toMatchObject({
      name: 'TransferError',
      code,
      message: message_,
    });
  });

  test('a file', async () => {
    const file = join(flowers, 'rose', '0.png');
    await expect(imageFolder(file)).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringMatching(/a file/),
    });
  });
});

test('one picture of a class is enough where nothing is divided', async () => {
  const data = await imageFolder(await writeClasses('few', { cat: 1, dog: 1 }), { validation: 0 });
  expect([data.train.size, data.validation]).toEqual([2, undefined]);
});

test('labels give the targets of a model, with or without pictures', async () => {
  const folder = await writeClasses('known', { rose: 2 });
  const { train, labels } = await imageFolder(folder, { labels: ['tulip', 'rose'], validation: 0 });
  expect([train.targets, labels]).toEqual([
    [1, 1],
    ['tulip', 'rose'],
  ]);
});

test('a signal stops loading and reading', async () => {
  const controller = new AbortController();
  const loading = imageFolder(flowers, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(loading).rejects.toMatchObject({ name: 'AbortError' });
  const { train } = await imageFolder(flowers);
  const request = { inputs: [rgb(8)], signal: AbortSignal.abort() };
  await expect(train.read([0], request)).rejects.toMatchObject({ name: 'AbortError' });
});

test('a file that breaks later, or a model that reads no pictures, is named', async () => {
  const before = tf.memory().numTensors;
  await write('gone.png', ramp());
  const examples = labelledPictures([{ file: join(root, 'gone.png'), target: [0.5] }]);
  await read(examples);
  const shape = { ...rgb(8), shape: [12] };
  await expect(examples.read([0], { inputs: [shape] })).rejects.toMatchObject({
    message: expect.stringMatching(/\[12\]/),
  });
  rmSync(join(root, 'gone.png'));
  await expect(examples.read([0], { inputs: [rgb(8)] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/gone\.png/),
  });
  expect(() => labelledPictures([])).toThrow(/no pictures/);
  expect(tf.memory().numTensors).toBe(before);
});
