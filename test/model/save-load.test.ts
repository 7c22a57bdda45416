import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { fromArrays } from '../../src/data/index.ts';
import { classifier, mlp, multiLabel, regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  batchNorm,
  type Dataset,
  dispose,
  evaluate,
  fineTune,
  freeze,
  type Head,
  linearProbe,
  loadBase,
  loadModel,
  pipe,
  predict,
  saveModel,
  sequence,
  type Target,
  type TransferModel,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
  version,
} from '../../src/index.ts';

const size = 16;
const count = 6;
const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-save-load-'));
const pixels = Float32Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919) % 256);
const dataset = (targets: readonly Target[]): Dataset => ({
  train: fromArrays({ values: pixels, shape: [count, size, size, 3] }, targets),
});

interface Case {
  readonly name: string;
  readonly head: Head;
  readonly targets: readonly Target[];
  readonly whole?: boolean;
}

const cases: readonly Case[] = [
  { name: 'a classifier', head: classifier(['even', 'odd', 'neither'], { dropout: 0.2 }), targets: [0, 1, 2, 1, 0, 1] },
  {
    name: 'a multi-label classifier',
    head: multiLabel(['red', 'round']),
    targets: Array.from({ length: count }, (_, i) => [i % 2, +(i > 2)]),
  },
  {
    name: 'a regressor',
    head: regressor(['x', 'y']),
    targets: Array.from({ length: count }, (_, i) => [i - 2, 10 * i]),
  },
  {
    name: 'hidden layers',
    head: mlp(classifier(['even', 'odd'], { dropout: 0.1 }), { hidden: [6, 4] }),
    targets: [0, 1, 0, 1, 0, 1],
  },
  {
    name: 'a base that was trained with its BatchNormalization',
    head: classifier(['even', 'odd']),
    targets: [0, 1, 0, 1, 0, 1],
    whole: true,
  },
];

const models = new Map<string, TransferModel>();
const folderOf = (name: string) => join(root, name.replaceAll(' ', '-'));
const modelOf = ({ name }: Case) => models.get(name) as TransferModel;
let server: Server;
let address: string;

beforeAll(async () => {
  await useBackend(cpu());
  for (const { name, head, targets, whole } of cases) {
    const base = tinyCnn({ size });
    const start = pipe(base, attachHead(head));
    const settings = { epochs: 2, batchSize: 3, learningRate: 0.01 };
    const strategy = whole ? sequence(unfreeze(), batchNorm('train'), train(settings)) : linearProbe(settings);
    const { model } = await fineTune(start, dataset(targets), strategy);
    models.set(name, model);
    dispose(start);
    dispose(base);
    await saveModel(model, folderOf(name));
  }
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(root, normalize(request.url ?? ''))));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  for (const model of models.values()) dispose(model);
  rmSync(root, { recursive: true, force: true });
});

const picture = (index: number) => pixels.slice(index * size * size * 3, (index + 1) * size * size * 3);

/** What a model says of every picture, in the order of its labels. */
async function scoresOf(model: TransferModel): Promise<number[][]> {
  const all: number[][] = [];
  for (let index = 0; index < count; index++) {
    const input = tf.tensor(picture(index), [size, size, 3]);
    const predictions = await predict(model, input);
    input.dispose();
    const { labels } = model.head;
    all.push(labels.map((label) => predictions.find((one) => one.label === label)?.score as number));
  }
  return all;
}

const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
const jsonOf = (...parts: readonly string[]) => JSON.parse(readFileSync(join(...parts), 'utf8'));

/** Runs what allocates, and expects every tensor that it made to be gone. */
async function leavingNothing(run: () => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  await run();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
}

describe.each(cases)('$name', (given) => {
  const folder = folderOf(given.name);

  test('is three files: topology, weights, and what Teachable Machine calls metadata', () => {
    const model = modelOf(given);
    const { modelTopology, weightsManifest, userDefinedMetadata, format, generatedBy } = jsonOf(folder, 'model.json');
    const [weights] = weightsManifest[0].paths;
    expect(readdirSync(folder).sort()).toEqual(['metadata.json', 'model.json', weights]);
    expect(weights).toBe(`weights.${userDefinedMetadata.tfjsTransfer.weightsSha256.slice(0, 16)}.bin`);
    expect([format, generatedBy]).toEqual(['layers-model', `tfjs-transfer ${version}`]);
    expect(modelTopology).toHaveProperty('class_name');
    const { timeStamp, ...metadata } = jsonOf(folder, 'metadata.json');
    expect(metadata).toEqual({
      labels: model.head.labels,
      imageSize: size,
      modelName: 'tiny-cnn',
      tfjsVersion: tf.version_core,
      packageVersion: version,
      tfjsTransfer: userDefinedMetadata.tfjsTransfer,
    });
    expect(new Date(timeStamp).toISOString()).toBe(timeStamp);
    expect(metadata.tfjsTransfer).toMatchObject({ format: 1, packageVersion: version, head: model.head });
  });

  test('predicts exactly the same, loaded from a path, a file URL, a model.json and over HTTP', async () => {
    const model = modelOf(given);
    const expected = await scoresOf(model);
    const name = folder.slice(root.length);
    const places = [folder, `${folder}/`, join(folder, 'model.json'), pathToFileURL(folder).href, `file:${folder}`];
    for (const place of [...places, `${address}${name}`, `${address}${name}/model.json`]) {
      await leavingNothing(async () => {
        const loaded = await loadModel(place);
        expect(await scoresOf(loaded)).toEqual(expected);
        const { head, inputs, origin, layers } = loaded;
        expect({ head, inputs, origin }).toEqual({ head: model.head, inputs: model.inputs, origin: model.origin });
        const keys = (handle: TransferModel) => handle.layers.map(({ path, part }) => `${part} ${path}`);
        expect(layers.map(({ path, part }) => `${part} ${path}`)).toEqual(keys(model));
        dispose(loaded);
      });
    }
  });

  test('predicts the same in plain tfjs', async () => {
    const expected = (await scoresOf(modelOf(given))).flat();
    await leavingNothing(async () => {
      const plain = await tfl.loadLayersModel(`${address}${folder.slice(root.length)}/model.json`);
      const output = tf.tidy(() => plain.predict(tf.tensor(pixels, [count, size, size, 3])) as tf.Tensor);
      expect(output.shape).toEqual([count, given.head.labels.length]);
      const differences = [...(await output.data())].map((value, i) => Math.abs(value - (expected[i] as number)));
      expect(Math.max(...differences)).toBeLessThan(1e-6);
      output.dispose();
      plain.dispose();
    });
    const last = {
      classification: 'softmax',
      multiLabel: 'sigmoid',
      regression: 'linear',
      tokenClassification: 'softmax',
    }[given.head.task];
    expect(JSON.stringify(jsonOf(folder, 'model.json').modelTopology)).toContain(`"activation":"${last}"`);
  });

  test('is saved to the same bytes again, its weights also when it was loaded', async () => {
    const { 'metadata.json': _, ...expected } = filesOf(folder);
    const again = `${folder}-again`;
    await saveModel(modelOf(given), again);
    const { 'metadata.json': metadata, ...files } = filesOf(again);
    expect(files).toEqual(expected);
    expect(metadata).toBeDefined();
    const loaded = await loadModel(folder);
    const [first, second] = [`${folder}-loaded`, `${folder}-loaded-again`];
    for (const place of [first, second]) await saveModel(loaded, place);
    dispose(loaded);
    // Loading sets initializers to zeros, so the topology is another one; it is the same from then on.
    const weights = Object.entries(expected).filter(([name]) => name.endsWith('.bin'));
    expect(Object.entries(filesOf(first)).filter(([name]) => name.endsWith('.bin'))).toEqual(weights);
    expect(filesOf(second)['model.json']).toBe(filesOf(first)['model.json']);
  });

  test('is tuned further as the model that was never saved is', async () => {
    const data = dataset(given.targets);
    const strategy = sequence(
      linearProbe({ epochs: 1, batchSize: 3 }),
      unfreezeTop(2),
      train({ epochs: 1, batchSize: 3, learningRate: 0.01 }),
    );
    await leavingNothing(async () => {
      const loaded = await loadModel(folder);
      const before = await scoresOf(loaded);
      const here = await fineTune(loaded, data, strategy, { seed: 3 });
      // Settings are not saved: what is loaded is frozen.
      const frozen = pipe(modelOf(given), freeze(), batchNorm('frozen'));
      const there = await fineTune(frozen, data, strategy, { seed: 3 });
      expect(await scoresOf(here.model)).toEqual(await scoresOf(there.model));
      expect(here.history).toEqual(there.history);
      expect(await scoresOf(loaded)).toEqual(before);
      const { loss } = await evaluate(here.model, data.train);
      expect(Number.isFinite(loss)).toBe(true);
      for (const handle of [loaded, here.model, there.model]) dispose(handle);
    });
  });

  test('becomes a base for another head', async () => {
    await leavingNothing(async () => {
      const loaded = await loadModel(folder);
      const base = asBase(loaded);
      dispose(loaded);
      const model = pipe(base, attachHead(classifier(['small', 'large'])));
      dispose(base);
      const { model: tuned } = await fineTune(model, dataset([0, 1, 0, 1, 0, 1]), linearProbe({ epochs: 1 }));
      await saveModel(tuned, `${folder}-other-head`);
      const again = await loadModel(`${folder}-other-head`);
      expect(await scoresOf(again)).toEqual(await scoresOf(tuned));
      for (const handle of [model, tuned, again]) dispose(handle);
    });
  });

  test('is read as a base, with nothing scaled twice', async () => {
    await leavingNothing(async () => {
      const loaded = await loadModel(folder);
      const own = asBase(loaded);
      const ours = pipe(own, attachHead(classifier(['a', 'b'])));
      const base = await loadBase(folder, given.head.task === 'classification' ? {} : { cut: lastOfBase(loaded) });
      const theirs = pipe(base, attachHead(classifier(['a', 'b'])));
      if (!given.head.name.startsWith('mlp')) expect(await scoresOf(theirs)).toEqual(await scoresOf(ours));
      for (const handle of [loaded, own, ours, base, theirs]) dispose(handle);
    });
  });
});

const lastOfBase = ({ layers }: TransferModel) => layers.findLast(({ part }) => part === 'base')?.path as string;

test("a folder's other files stay", async () => {
  const folder = join(root, 'shared');
  mkdirSync(join(folder, 'more'), { recursive: true });
  const mine = ['index.html', 'weights.bin', 'weights.0123456789abcdef.bin.bak', join('more', 'model.json')];
  for (const name of mine) writeFileSync(join(folder, name), 'mine');
  const [first, second] = cases.map(modelOf);
  for (const model of [first, second, first] as TransferModel[]) await saveModel(model, folder);
  for (const name of mine) expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
  expect(readdirSync(folder).filter((name) => /^weights\.[0-9a-f]{16}\.bin$/.test(name))).toHaveLength(1);
  const loaded = await loadModel(folder);
  expect(await scoresOf(loaded)).toEqual(await scoresOf(first as TransferModel));
  dispose(loaded);
});

test('a file URL names the folder that is written', async () => {
  const [model] = cases.map(modelOf);
  const folder = join(root, 'by url');
  expect(await saveModel(model as TransferModel, pathToFileURL(folder).href)).toEqual({ location: folder });
  expect(readdirSync(folder)).toContain('model.json');
});
