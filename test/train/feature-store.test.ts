import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { augmentExamples, flip, fromArrays, splitExamples } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  attachHead,
  type Dataset,
  dispose,
  type Examples,
  explain,
  fineTune,
  lastWeights,
  linearProbe,
  loadModel,
  pipe,
  type Strategy,
  saveModel,
  sequence,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { imageFolder } from '../../src/node/index.ts';
import { zip } from '../../src/stores/index.ts';
import {
  computed,
  labels,
  moving,
  movingViews,
  pictureModel,
  pictures,
  ran,
  reasons,
  saved,
  topmost,
  views,
  wordModel,
  words,
} from '../support/spilled-runs.ts';

let folder: string;
let store: string;
beforeEach(async () => {
  await useBackend(cpu());
  folder = mkdtempSync(join(tmpdir(), 'feature-store-'));
  store = join(folder, 'features');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const both = (action: string) => [`train ${action}`, `validation ${action}`];
/** Does something to each file of numbers. */
function inEach(change: (path: string) => void): void {
  for (const name of readdirSync(store)) if (name.endsWith('.bin')) change(join(store, name));
}

test.each([
  ['pictures', pictureModel, pictures, moving, 'folder'],
  ['views', pictureModel, views, movingViews, 'folder'],
  ['a zip', pictureModel, pictures, moving, 'zip'],
] as const)(
  'the next run finds the features and computes none of them: %s',
  async (_, modelOf, dataOf, strategy, kind) => {
    const before = tf.memory().numTensors;
    const featureStore = kind === 'zip' ? zip(`${store}.zip`) : store;
    const model = modelOf();
    const plain = await ran(model, await dataOf(), strategy);
    const first = await ran(model, await dataOf(), strategy, { featureStore });
    expect(saved(first)).toEqual(both('saved'));
    const data = await dataOf();
    const unread: Dataset = {
      ...data,
      train: { ...data.train, fingerprint: () => data.train.fingerprint?.() as never },
    };
    // Where all is found, no example is read.
    unread.train.read = () => Promise.reject(new Error('an example was read'));
    const second = await ran(model, unread, strategy, { featureStore, seed: 3 });
    expect(saved(second)).toEqual(both('found'));
    expect(computed(second)).toBeLessThan(computed(first));
    for (const run of [first, second]) {
      expect(run.bits).toEqual(plain.bits);
      expect(run.history).toEqual(plain.history);
    }
    dispose(model);
    expect(tf.memory().numTensors).toBe(before);
  },
);

describe('phases that keep different views', () => {
  const probe = (views: number) => linearProbe({ epochs: 1, batchSize: 6, views });
  const strategy = sequence(...probe(2), ...probe(3));

  test('all find theirs in the next run', async () => {
    const model = pictureModel();
    const plain = await ran(model, await views(), strategy);
    const first = await ran(model, await views(), strategy, { featureStore: store });
    expect(saved(first)).toEqual([...both('saved'), 'train saved']);
    const second = await ran(model, await views(), strategy, { featureStore: store });
    expect(saved(second)).toEqual([...both('found'), 'train found']);
    expect(computed(second)).toBe(0);
    expect(second.bits).toEqual(plain.bits);
    // What this run does not name makes room.
    expect(saved(await ran(model, await views(), probe(4), { featureStore: store }))).toContain('train saved');
    expect(saved(await ran(model, await views(), strategy, { featureStore: store }))).toContain('train saved');
    dispose(model);
  });

  test('leave what is there where both do not pass through memory together', async () => {
    const model = pictureModel();
    const largest = explain(model, probe(3), await views())[0]?.cacheBytes as number;
    for (const action of ['saved', 'found']) {
      const result = await ran(model, await views(), strategy, { featureStore: store, cacheBytes: largest });
      expect(saved(result)).toEqual([...both(action), 'train notSaved']);
      expect(reasons(result)).toEqual([expect.stringMatching(/those of earlier phases .* \d+ bytes, and 0 may/)]);
    }
    dispose(model);
  });
});

test('a mask is kept with its value', async () => {
  const model = wordModel();
  const data = await words();
  const plain = await ran(model, data, topmost);
  expect(saved(await ran(model, data, topmost, { featureStore: store }))).toEqual(['train saved']);
  const again = await ran(model, data, topmost, { featureStore: store });
  expect(saved(again)).toEqual(['train found']);
  expect(computed(again)).toBe(0);
  expect(again.bits).toEqual(plain.bits);
  dispose(model);
});

describe('features are found by all that they depend on', () => {
  const data = () => views(1);
  const probe = (settings: object = {}) => linearProbe({ epochs: 1, batchSize: 6, views: 2, ...settings });
  beforeEach(async () => {
    const model = pictureModel();
    await ran(model, await data(), probe(), { featureStore: store });
    dispose(model);
  });
  const again = async (change: Parameters<typeof run>[0]) => saved(await run(change));
  async function run(change: {
    readonly seed?: number;
    readonly data?: Dataset;
    readonly strategy?: Strategy;
    readonly run?: object;
    readonly input?: { readonly scale: number; readonly offset: number };
  }) {
    const model = pictureModel(change.seed);
    const result = await ran(model, change.data ?? (await data()), change.strategy ?? probe(), {
      featureStore: store,
      ...change.run,
    });
    dispose(model);
    return result;
  }

  test('not by the seed of the run, its epochs, or its batches', async () => {
    // Another batch has other last bits on some backends; they were computed once, and are what they are.
    expect(await again({})).toEqual(both('found'));
    expect(await again({ run: { seed: 5 } })).toEqual(both('found'));
    expect(await again({ strategy: probe({ epochs: 2, batchSize: 5 }) })).toEqual(both('found'));
  });

  test('by the weights', async () => {
    expect(await again({ seed: 8 })).toEqual(both('saved'));
  });

  test('by the weights of a base that a run tuned', async () => {
    const model = pictureModel();
    const strategy = sequence(unfreezeTop(2), train({ epochs: 1, callbacks: [lastWeights()] }));
    const { model: tuned } = await fineTune(model, await pictures(), strategy);
    const result = await ran(tuned, await data(), probe(), { featureStore: store });
    expect(saved(result)).toEqual(both('saved'));
    for (const one of [model, tuned]) dispose(one);
  });

  test('by the frontier', async () => {
    expect(await again({ strategy: sequence(unfreezeTop(3), train({ epochs: 1, views: 2 })) })).toEqual(both('saved'));
  });

  test('by the views', async () => {
    // Those of validation are as they were, and go along.
    expect(await again({ strategy: probe({ views: 3 }) })).toEqual(['validation found', ...both('saved')]);
  });

  test('by the pictures', async () => {
    expect(await again({ data: { ...(await data()), validation: (await pictures(9)).train } })).toEqual([
      'train found',
      ...both('saved'),
    ]);
  });

  test('by the augmentation and its seed', async () => {
    const { train: plain, validation } = await pictures(1);
    const mirrored = flip();
    const changed = augmentExamples(plain, mirrored, { seed: 1 });
    expect(await again({ data: { train: changed, validation: validation as Examples } })).toEqual([
      'validation found',
      ...both('saved'),
    ]);
    const seeded = augmentExamples(plain, mirrored, { seed: 2 });
    expect(await again({ data: { train: seeded, validation: validation as Examples } })).toEqual([
      'validation found',
      ...both('saved'),
    ]);
  });

  test('by the backend', async () => {
    await useBackend(wasm());
    expect(await again({})).toEqual(both('saved'));
  });
});

describe('what is damaged is noticed, computed again, and saved again', () => {
  test.each<[string, () => void]>([
    ['a bit', () => inEach((path) => flipBit(path))],
    ['a short file', () => inEach((path) => truncateSync(path, 100))],
    ['a long file', () => inEach((path) => writeFileSync(path, Buffer.alloc(1e6)))],
    ['a missing file', () => inEach((path) => rmSync(path))],
    ['a cut list', () => truncateSync(join(store, 'model.json'), 50)],
    ['an empty list', () => truncateSync(join(store, 'model.json'), 0)],
    ['a changed list', () => replaceIn(join(store, 'model.json'), '"value":0', '"value":5')],
    ['a file outside', () => relist((column) => ({ ...column, file: moved(column.file) }))],
    ['a position outside', () => relist((column) => ({ ...column, value: 7 }))],
    ['a shape that is none', () => relist((column) => ({ ...column, shape: { length: 3 } }))],
    ['a type that is none', () => relist((column) => ({ ...column, dtype: 'complex64' }))],
    ['a value that is missing', () => relist((column) => ({ ...column, isMask: true }))],
  ])('%s', async (_, damage) => {
    const model = pictureModel();
    const data = await pictures();
    const plain = await ran(model, data, topmost);
    await ran(model, data, topmost, { featureStore: store });
    damage();
    const repaired = await ran(model, data, topmost, { featureStore: store });
    expect(saved(repaired)).toEqual([...both('damaged'), ...both('saved')]);
    expect(reasons(repaired)).toHaveLength(2);
    expect(repaired.bits).toEqual(plain.bits);
    expect(saved(await ran(model, data, topmost, { featureStore: store }))).toEqual(both('found'));
    dispose(model);
  });

  /** Changes the columns in a list that says the right hash of itself. */
  function relist(change: (column: { readonly file: string }) => object): void {
    const path = join(store, 'model.json');
    const { entries, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
    for (const entry of entries) entry.columns = entry.columns.map(change);
    const sha256 = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
    writeFileSync(path, JSON.stringify({ ...rest, entries, sha256 }));
  }

  function moved(file: string): string {
    copyFileSync(join(store, file), join(folder, file));
    return `../${file}`;
  }

  function flipBit(path: string): void {
    const bytes = readFileSync(path);
    bytes[40] = (bytes[40] as number) ^ 1;
    writeFileSync(path, bytes);
  }

  function replaceIn(path: string, from: string, to: string): void {
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }
});

describe('a run goes on without saving', () => {
  const notSaved = async (data: Dataset, settings: object) => {
    const model = pictureModel();
    const before = tf.memory().numTensors;
    const plain = await ran(model, data, topmost);
    const result = await ran(model, data, topmost, { featureStore: store, ...settings });
    expect(result.bits).toEqual(plain.bits);
    expect(tf.memory().numTensors).toBe(before);
    dispose(model);
    return { actions: saved(result), reasons: reasons(result) };
  };

  test('where examples have no fingerprint, a copy that reads otherwise included', async () => {
    const { train: plain } = await pictures();
    const { fingerprint: _, ...without } = plain;
    const copy = { ...plain, read: (...call: Parameters<Examples['read']>) => plain.read(...call) };
    for (const one of [without, copy, splitExamples(copy, { validation: 0 }).train]) {
      expect(await notSaved({ train: one }, {})).toEqual({
        actions: ['train notSaved'],
        reasons: [expect.stringContaining('no fingerprint')],
      });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('where they do not fit into memory', async () => {
    const { actions, reasons: given } = await notSaved(await pictures(), { cacheBytes: 100 });
    expect(actions).toEqual(both('notSaved'));
    expect(given[0]).toMatch(/^they take \d+ bytes, and 100 may be read into memory/);
  });

  test('where the place cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const featureStore = join(folder, 'file', 'features');
    const { actions, reasons: given } = await notSaved(await pictures(), { featureStore });
    expect(actions.slice(-2)).toEqual(both('notSaved'));
    expect(given.at(-1)).toMatch(/ENOTDIR/);
  });

  test('where a model is saved, which stays', async () => {
    const model = pictureModel();
    await saveModel(model, store);
    dispose(model);
    const { actions, reasons: given } = await notSaved(await pictures(), {});
    expect(actions).toEqual(both('notSaved'));
    expect(given[0]).toMatch(/holds a model, which features would replace/);
    dispose(await loadModel(store));
  });
});

test('an abort while features are saved ends the run as aborted', async () => {
  const abort = new AbortController();
  const slow = {
    ...zip(`${store}.zip`),
    write: async () => {
      abort.abort();
      abort.signal.throwIfAborted();
    },
  };
  const model = pictureModel();
  const before = tf.memory().numTensors;
  const result = await ran(model, await pictures(), topmost, { featureStore: slow, signal: abort.signal });
  expect(result.events.at(-1)).toMatchObject({ kind: 'done', ended: 'aborted' });
  expect(tf.memory().numTensors).toBe(before);
  dispose(model);
});

test('a folder of pictures is known by names, sizes and dates of its files', async () => {
  const root = join(folder, 'pictures');
  for (const label of labels) {
    mkdirSync(join(root, label), { recursive: true });
    for (let index = 0; index < 4; index++) {
      const image = sharp({ create: { width: 8, height: 8, channels: 3, background: { r: index * 60, g: 9, b: 99 } } });
      await image.png().toFile(join(root, label, `${index}.png`));
    }
  }
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(labels)));
  const run = async () =>
    saved(await ran(model, await imageFolder(root, { validation: 0.25 }), topmost, { featureStore: store }));
  expect(await run()).toEqual(both('saved'));
  expect(await run()).toEqual(both('found'));
  utimesSync(join(root, 'even', '0.png'), new Date(0), new Date(0));
  expect((await run()).slice(-2)).toEqual(both('saved'));
  expect(await run()).toEqual(both('found'));
  dispose(model);
});

test('fingerprints differ where data differs', async () => {
  const rows = [
    fromArrays(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 1],
    ),
    fromArrays(
      [
        [1, 2],
        [3, 5],
      ],
      [0, 1],
    ),
    fromArrays(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [0, 1, 0],
    ),
    fromArrays({ values: [1, 2, 3, 4], shape: [2, 2, 1] }, [0, 1]),
    splitExamples(
      fromArrays(
        [
          [1, 2],
          [3, 4],
        ],
        [0, 1],
      ),
      { validation: 0 },
    ).train,
  ];
  const prints = await Promise.all(rows.map((one) => one.fingerprint?.()));
  for (const print of prints) expect(print).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(prints).size).toBe(prints.length);
  // Targets are no part of what is read.
  expect(
    await fromArrays(
      [
        [1, 2],
        [3, 4],
      ],
      [1, 0],
    ).fingerprint?.(),
  ).toBe(prints[0]);
});

test('a place that is none is refused', async () => {
  const model = pictureModel();
  const data = await pictures();
  for (const featureStore of [5, 'https://example.com/features', {}]) {
    await expect(fineTune(model, data, topmost, { featureStore: featureStore as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('featureStore'),
    });
  }
  dispose(model);
});
