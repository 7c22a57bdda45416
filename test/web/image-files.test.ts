import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from 'tfjs-transfer';
import { flip } from 'tfjs-transfer/data';
import { imageFolder } from 'tfjs-transfer/node';
import { imageExamples, imageFiles } from 'tfjs-transfer/web';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileAt } from './pictures.ts';

const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-files-'));
const emoji = join(import.meta.dirname, '../../examples/data/emoji/google');

beforeAll(async () => {
  await tf.setBackend('cpu');
  for (const [label, count] of Object.entries({ music: 9, drink: 7, 'drink hot': 5 })) {
    await mkdir(join(root, 'pets', label), { recursive: true });
    const [from = ''] = label.split(' ');
    for (const name of readdirSync(join(emoji, from)).slice(0, count)) {
      await cp(join(emoji, from, name), join(root, 'pets', label, name));
    }
  }
  writeFileSync(join(root, 'pets/drink/notes.png'), 'notes');
  writeFileSync(join(root, 'pets/drink/list.txt'), 'a list');
  writeFileSync(join(root, 'pets/readme.md'), 'about');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The files of a folder as a page gets them, in another order than Node lists them in. */
const filesOf = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      fileAt(join(parentPath, name).slice(root.length + 1), readFileSync(join(parentPath, name))),
    )
    .reverse();

async function read(examples: Examples, view?: number) {
  const indices = Array.from({ length: examples.size }, (_, index) => index);
  const input = { shape: [20, 24, 3], dtype: 'float32', scale: 1, offset: 0 } as const;
  const [batch] = await examples.read(indices, { inputs: [input], ...(view !== undefined && { view }) });
  const values = await batch?.data();
  batch?.dispose();
  return { names: indices.map((index) => examples.describe(index)), targets: examples.targets, values };
}

test('a page reads a folder as Node does: splits, names, views, pixels, what is skipped', async () => {
  const settings = { validation: 0.2, test: 0.2, seed: 3, augment: flip() } as const;
  const [inPage, inNode] = [
    await imageFiles(filesOf('pets'), settings),
    await imageFolder(join(root, 'pets'), settings),
  ];
  expect(inPage.labels).toEqual(['drink', 'drink hot', 'music']);
  expect(inPage.labels).toEqual(inNode.labels);
  expect(inPage.skipped).toEqual(inNode.skipped);
  expect(inPage.pictures.map(({ name, target }) => [name, target])).toEqual(
    inNode.pictures.map(({ name, target }) => [name, target]),
  );
  for (const split of ['train', 'validation', 'test'] as const)
    expect(await read(inPage[split])).toEqual(await read(inNode[split]));
  expect(await read(inPage.train, 1)).toEqual(await read(inNode.train, 1));
  expect(inPage.decodedIn).toBe('page');
});

test('folders that were chosen together, without one around them, are the classes', async () => {
  const files = filesOf('pets').filter(({ webkitRelativePath }) => /(music|drink)\//.test(webkitRelativePath));
  const inside = files.map((file) => fileAt(file.webkitRelativePath.slice('pets/'.length), file));
  expect((await imageFiles(inside)).labels).toEqual(['drink', 'music']);
});

test.each<[string, () => readonly File[], object, string, RegExp]>([
  ['no files', () => [], {}, 'INVALID_DATA', /received no files/],
  ['files without folders', () => [new File(['a'], 'a.png')], {}, 'INVALID_DATA', /without a folder, "a\.png" first/],
  ['one folder', () => [fileAt('cats/a.png', 'a')], {}, 'INVALID_DATA', /no subfolders, 1 files/],
  ['unreadable pictures', () => [fileAt('pets/cat/a.png', 'a')], {}, 'INVALID_DATA', /no readable picture in cat\//],
  ['other labels', () => filesOf('pets'), { labels: ['music'] }, 'INVALID_DATA', /folder "drink" is none of/],
  ['shares', () => filesOf('pets'), { validation: 1 }, 'INVALID_ARGUMENT', /sum is below 1/],
])('refuses %s', async (_name, files, settings, code, message) => {
  await expect(imageFiles(files(), settings)).rejects.toMatchObject({
    name: 'TransferError',
    code,
    message: expect.stringMatching(message),
  });
});

test('pictures with targets of their own are examples, and broken ones are named', async () => {
  const [file] = filesOf('pets/music') as [File];
  const before = tf.memory().numTensors;
  const examples = await imageExamples([
    { image: file, target: [1, 0.5] },
    { image: new Blob([await file.arrayBuffer()]), target: [0, 0.25] },
    { image: file, target: [1, 1], name: 'mine' },
  ]);
  const { names, targets, values } = await read(examples);
  expect(names).toEqual([file.webkitRelativePath, 'image 1', 'mine']);
  expect(targets).toEqual([
    [1, 0.5],
    [0, 0.25],
    [1, 1],
  ]);
  const third = (values?.length ?? 0) / 3;
  expect(values?.slice(0, third)).toEqual(values?.slice(third, 2 * third));
  await expect(read(await imageExamples([{ image: new File(['a'], 'a.png'), target: 0 }]))).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringMatching(/^a\.png cannot be decoded: .*unsupported/),
  });
  await expect(imageExamples([])).rejects.toMatchObject({ code: 'INVALID_DATA' });
  expect(tf.memory().numTensors).toBe(before);
});
