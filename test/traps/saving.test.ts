import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import {
  asBase,
  attachHead,
  dispose,
  evaluate,
  explain,
  fineTune,
  freeze,
  linearProbe,
  loadBase,
  loadModel,
  pipe,
  saveModel,
  sequence,
  sgd,
  TransferError,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { memory } from '../support/examples.ts';
import { leavingNothing, matching, on, random, rows, taken, weightsOf } from './support.ts';

const L = tfl.layers;
const folder = mkdtempSync(join(tmpdir(), 'traps-'));
beforeAll(() => useBackend(cpu()));
afterAll(() => rmSync(folder, { recursive: true }));

const dense = (name: string, units: number, settings: object = {}) =>
  L.dense({ units, name, kernelInitializer: tfl.initializers.glorotUniform({ seed: name.length }), ...settings });

/** A model that was used as a layer, with one dense layer above it. */
function nested() {
  const inner = tfl.sequential({
    name: 'inner',
    layers: [dense('one', 4, { inputShape: [3] }), L.batchNormalization({ name: 'normalization' }), dense('three', 4)],
  });
  const input = tfl.input({ shape: [3] });
  return {
    inner,
    model: tfl.model({ inputs: input, outputs: on(dense('above', 2), inner.apply(input) as tfl.SymbolicTensor) }),
  };
}

async function artifactsOf(model: tfl.LayersModel, config?: tf.io.SaveConfig) {
  const handler = memory();
  await model.save(handler, config);
  return { ...handler.artifacts } as tf.io.ModelArtifacts & {
    weightSpecs: tf.io.WeightsManifestEntry[];
    weightData: ArrayBuffer;
  };
}

describe("T6 a weight's key does not depend on what is frozen", () => {
  test("tfjs: a model's weights are in another order after freezing", () => {
    const { inner, model } = nested();
    const names = () => model.weights.map(({ originalName }) => originalName);
    const before = names();
    (inner.layers[0] as tfl.layers.Layer).trainable = false;
    expect(names()).not.toEqual(before);
    expect([...names()].sort()).toEqual([...before].sort());
  });

  test('here: keys, roles and values stay', () => {
    const { inner, model } = nested();
    const described = (base: ReturnType<typeof asBase>) => base.layers.map(({ path, weights }) => [path, weights]);
    const base = asBase(model, { cut: false });
    const [layers, weights] = [described(base), weightsOf(base)];
    expect(Object.keys(weights)).toEqual([
      'inner/one/kernel',
      'inner/one/bias',
      'inner/normalization/gamma',
      'inner/normalization/beta',
      'inner/normalization/moving_mean',
      'inner/normalization/moving_variance',
      'inner/three/kernel',
      'inner/three/bias',
      'above/kernel',
      'above/bias',
    ]);
    for (const edit of [freeze(), unfreezeTop(1), unfreezeTop(2), unfreeze()]) {
      const edited = edit(base);
      expect(described(edited)).toEqual(layers);
      expect(weightsOf(edited)).toEqual(weights);
    }
    for (const layer of [inner.layers[0], inner.layers[1], inner]) (layer as tfl.layers.Layer).trainable = false;
    const frozenByTfjs = asBase(model, { cut: false });
    expect(described(frozenByTfjs)).toEqual(layers);
    expect(weightsOf(frozenByTfjs)).toEqual(weights);
  });
});

describe('T7 what is frozen stays frozen after saving and loading', () => {
  test('tfjs: a nested model thaws', async () => {
    const { inner, model } = nested();
    inner.trainable = false;
    expect(model.trainableWeights).toHaveLength(2);
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory(await artifactsOf(model)));
    expect(loaded.trainableWeights.length).toBeGreaterThan(2);
  });

  test('here: a loaded model is frozen until it is unfrozen', async () => {
    const base = asBase(nested().model, { cut: false });
    const data = { train: rows(1, 6, 3) };
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])), unfreezeTop(2));
      const saved = memory();
      await saveModel(model, saved);
      const loaded = await loadModel(saved);
      expect(loaded.settings).toEqual({ trains: new Set(), rates: new Map(), batchNorm: 'frozen' });
      const one = train({ epochs: 1, learningRate: 0.1, optimizer: sgd() });
      const [plan] = explain(loaded, [one]);
      expect(plan?.trains.map(({ layer }) => layer)).toEqual(['head_logits']);
      const before = weightsOf(loaded);
      const { model: probed, history } = await fineTune(loaded, data, [one]);
      expect(matching(weightsOf(probed), /^(?!head)/)).toEqual(matching(before, /^(?!head)/));
      expect(Object.keys(history.frozen)).toHaveLength(10);
      const { model: tuned } = await fineTune(loaded, data, sequence(unfreezeTop(2), one));
      const after = weightsOf(tuned);
      const changed = Object.keys(before).filter((key) => String(before[key]) !== String(after[key]));
      expect(changed).toEqual([
        'three/kernel',
        'three/bias',
        'above/kernel',
        'above/bias',
        'head_logits/kernel',
        'head_logits/bias',
      ]);
      for (const handle of [tuned, probed, loaded, model]) dispose(handle);
    });
    dispose(base);
  });
});

describe('T9 a saved model is whole, whatever was frozen', () => {
  test('tfjs: one that was saved with trainableOnly cannot be loaded', async () => {
    const { inner, model } = nested();
    inner.trainable = false;
    const artifacts = await artifactsOf(model, { trainableOnly: true });
    expect(artifacts.weightSpecs).toHaveLength(2);
    await expect(tfl.loadLayersModel(tf.io.fromMemory(artifacts))).rejects.toThrow();
  });

  test('here: every weight is in the file', async () => {
    const base = asBase(nested().model, { cut: false });
    const data = rows(1, 6, 3);
    await leavingNothing(async () => {
      const model = pipe(base, attachHead(regressor(['y'])));
      const { model: tuned } = await fineTune(model, { train: data }, linearProbe({ epochs: 1 }));
      const saved = memory();
      await saveModel(tuned, saved);
      expect(saved.artifacts?.weightSpecs).toHaveLength(12);
      const loaded = await loadModel(saved);
      expect(Object.values(weightsOf(loaded))).toEqual(Object.values(weightsOf(tuned)));
      const plain = await tfl.loadLayersModel(saved);
      const [inputs] = (await data.read([0, 1, 2, 3, 4, 5], { inputs: loaded.inputs })) as [tf.Tensor];
      const { outcome } = await evaluate(tuned, data);
      const expected = outcome.scores.map((score) => score[0]);
      for (const [row, value] of taken(plain.predict(inputs)).entries())
        expect(value).toBeCloseTo(expected[row] as number, 6);
      plain.dispose();
      inputs.dispose();
      for (const handle of [loaded, tuned, model]) dispose(handle);
    });
    dispose(base);
  });
});

describe('T18 the files of a model are what they say and where they belong', () => {
  const topology = async () => {
    const { modelTopology, weightSpecs, weightData } = await artifactsOf(
      tfl.sequential({ layers: [dense('one', 2, { inputShape: [3] })] }),
    );
    return { modelTopology, weightSpecs, weightData };
  };

  test('tfjs: paths are joined as they are, and bytes too many are ignored', async () => {
    const { modelTopology, weightSpecs, weightData } = await topology();
    const asked: string[] = [];
    const json = { modelTopology, weightsManifest: [{ paths: ['../../secret.bin'], weights: weightSpecs }] };
    const fetchFunc = async (url: RequestInfo | URL) => {
      asked.push(String(url));
      return asked.length === 1 ? Response.json(json) : new Response(weightData);
    };
    await tfl.loadLayersModel(
      tf.io.http('http://localhost/models/one/model.json', { fetchFunc: fetchFunc as typeof fetch }),
    );
    expect(new URL(asked[1] as string).pathname).toBe('/secret.bin');
    const long = new Uint8Array([...new Uint8Array(weightData), 1, 2, 3, 4]).buffer;
    expect(Object.keys(tf.io.decodeWeights(long, weightSpecs))).toEqual(['one/kernel', 'one/bias']);
    await tfl.loadLayersModel(
      tf.io.fromMemory({ modelTopology: modelTopology as object, weightSpecs, weightData: long }),
    );
  });

  /** Writes a model whose weights are named and cut as given, and says how loading it ends. */
  async function loadingFrom(
    path: string,
    change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
  ): Promise<string> {
    const { modelTopology, weightSpecs, weightData } = await topology();
    const place = join(folder, 'one');
    const json = { format: 'layers-model', modelTopology, weightsManifest: [{ paths: [path], weights: weightSpecs }] };
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    writeFileSync(join(place, 'model.json'), JSON.stringify(json));
    for (const file of [join(place, 'weights.bin'), join(folder, 'secret.bin')])
      writeFileSync(file, change(new Uint8Array(weightData)));
    const before = tf.memory().numTensors;
    try {
      dispose(await loadBase(place, { cut: false }));
      return 'loaded';
    } catch (error) {
      return error instanceof TransferError ? `${error.code}: ${error.message}` : `no TransferError: ${error}`;
    } finally {
      expect(tf.memory().numTensors).toBe(before);
    }
  }

  test('here: a file beside model.json is read', async () => expect(await loadingFrom('weights.bin')).toBe('loaded'));

  test.each([
    '../secret.bin',
    '/etc/passwd',
    'a/../../secret.bin',
    '..\\secret.bin',
    '..',
    'file:///etc/passwd',
    'https://localhost/secret.bin',
    '%2e%2e/secret.bin',
    '',
  ])('here: the path %j is refused', async (path) =>
    expect(await loadingFrom(path)).toMatch(/^INVALID_MODEL: .*Only names of files beside model\.json/),
  );

  test('here: bytes too many or too few are refused', async () => {
    expect(await loadingFrom('weights.bin', (bytes) => new Uint8Array([...bytes, 0]))).toMatch(
      /^INVALID_MODEL: .*32 bytes, and 33 are there/,
    );
    expect(await loadingFrom('weights.bin', (bytes) => bytes.subarray(1))).toMatch(
      /^INVALID_MODEL: .*32 bytes, and 31 are there/,
    );
    expect(await loadingFrom('missing.bin')).toMatch(/^NOT_FOUND: /);
    const { modelTopology, weightSpecs, weightData } = await topology();
    const long = new Uint8Array([...new Uint8Array(weightData), 1, 2, 3, 4]).buffer;
    const handler = tf.io.fromMemory({ modelTopology: modelTopology as object, weightSpecs, weightData: long });
    await expect(loadBase(handler)).rejects.toThrow(expect.objectContaining({ code: 'INVALID_MODEL' }));
  });

  test.each([
    ['units', '"units":2', '"units":1e15'],
    ['a shape of inputs', '[null,3]', '[null,1e15]'],
    [
      'a layer',
      '"layers":[',
      '"layers":[{"class_name":"BatchNormalization","config":{"name":"two","batch_input_shape":[null,3]}},',
    ],
  ])('here: %s that the weights do not bear out is refused before it costs memory', async (_, said, instead) => {
    const { modelTopology, weightSpecs, weightData } = await topology();
    const text = JSON.stringify(modelTopology);
    const changed = text.replace(said, instead);
    expect(changed).not.toBe(text);
    await leavingNothing(async () => {
      const loading = loadBase(tf.io.fromMemory({ modelTopology: JSON.parse(changed), weightSpecs, weightData }));
      await expect(loading).rejects.toThrow(/has no weight left of the shape .* for (one|two)/);
    });
  });
});

describe('T20 loading leaves constrained weights alone, training constrains them', () => {
  const constraints = () => ({
    kernelConstraint: tfl.constraints.maxNorm({ maxValue: 1, axis: 0 }),
    biasConstraint: tfl.constraints.nonNeg(),
  });
  function constrained() {
    const inner = tfl.sequential({
      name: 'inner',
      layers: [
        L.bidirectional({
          name: 'both',
          mergeMode: 'concat',
          layer: L.gru({
            units: 2,
            recurrentInitializer: 'glorotUniform',
            kernelConstraint: tfl.constraints.unitNorm({ axis: 0 }),
            recurrentConstraint: tfl.constraints.unitNorm({ axis: 0 }),
          }) as tfl.RNN,
          inputShape: [4, 3],
        }),
        dense('small', 3, constraints()),
      ],
    });
    const input = tfl.input({ shape: [4, 3] });
    const wrapped = L.dense({ units: 3, name: 'unit', kernelConstraint: tfl.constraints.unitNorm({ axis: 0 }) });
    return tfl.model({ inputs: input, outputs: on(wrapped, inner.apply(input) as tfl.SymbolicTensor) });
  }
  /** The model with weights that break every constraint. */
  async function broken() {
    const artifacts = await artifactsOf(constrained());
    const data = Float32Array.from({ length: artifacts.weightData.byteLength / 4 }, (_, i) => 3 * Math.sin(i + 1));
    const { weightSpecs } = artifacts;
    const modelTopology = artifacts.modelTopology as object;
    return {
      data,
      weightSpecs,
      modelTopology,
      handler: tf.io.fromMemory({ modelTopology, weightSpecs, weightData: data.buffer }),
    };
  }
  const flat = (weights: readonly ArrayLike<number>[]) => weights.flatMap((values) => [...Array.from(values)]);
  const columnNorms = (kernel: Float32Array, columns: number) =>
    Array.from({ length: columns }, (_, column) => Math.hypot(...kernel.filter((_, i) => i % columns === column)));

  test('tfjs: loading moves them', async () => {
    const { handler, data } = await broken();
    const loaded = await tfl.loadLayersModel(handler);
    expect(flat(loaded.getWeights().map((tensor) => tensor.dataSync()))).not.toEqual([...data]);
  });

  test('here: loaded bit for bit, also saved and loaded again', async () => {
    const { handler, data } = await broken();
    const base = await loadBase(handler, { cut: false });
    expect(flat(Object.values(weightsOf(base)))).toEqual([...data]);
    const model = attachHead(regressor(['y']))(base);
    const saved = memory();
    await saveModel(model, saved);
    const loaded = await loadModel(saved);
    expect(Object.values(weightsOf(loaded))).toEqual(Object.values(weightsOf(model)));
    for (const handle of [loaded, model, base]) dispose(handle);
  });

  test('here: loaded bit for bit where the file names the cells of recurrent layers, as Keras does since 2.2', async () => {
    const { data, weightSpecs, modelTopology } = await broken();
    const named = weightSpecs.map(({ name, ...spec }) => ({
      ...spec,
      name: name.replace(/(_gru\w*)\//, '$1/gru_cell/'),
    }));
    expect(named.filter(({ name }) => name.includes('gru_cell'))).toHaveLength(6);
    const base = await loadBase(tf.io.fromMemory({ modelTopology, weightSpecs: named, weightData: data.buffer }), {
      cut: false,
    });
    expect(flat(Object.values(weightsOf(base)))).toEqual([...data]);
    dispose(base);
  });

  test('here: loading leaves nothing behind', async () => {
    const { handler } = await broken();
    await leavingNothing(async () => dispose(await loadBase(handler, { cut: false })));
  });

  test('here: nor does a loading that fails', async () => {
    const { modelTopology, weightSpecs, data } = await broken();
    const wider = JSON.parse(JSON.stringify(modelTopology).replaceAll('"units":3', '"units":4'));
    await leavingNothing(async () => {
      const loading = loadBase(tf.io.fromMemory({ modelTopology: wider, weightSpecs, weightData: data.buffer }));
      await expect(loading).rejects.toThrow(expect.objectContaining({ code: 'INVALID_MODEL' }));
    });
  });

  test('here: trained weights keep their constraints, frozen ones their bits', async () => {
    const { handler } = await broken();
    const sequences = {
      ...rows(1, 6, 12),
      read: async (indices: readonly number[]) => [random(indices.length, indices.length, 4, 3)],
    };
    const base = await loadBase(handler, { cut: false });
    await leavingNothing(async () => {
      const model = attachHead(regressor(['y']))(base);
      const before = weightsOf(model);
      const { model: tuned } = await fineTune(
        model,
        { train: sequences },
        sequence(unfreezeTop(2), train({ epochs: 1, learningRate: 1e-3, optimizer: sgd() })),
      );
      const after = weightsOf(tuned);
      for (const norm of columnNorms(after['unit/kernel'] as Float32Array, 3)) expect(norm).toBeCloseTo(1, 5);
      for (const norm of columnNorms(after['inner/small/kernel'] as Float32Array, 3))
        expect(norm).toBeLessThan(1.00001);
      for (const norm of columnNorms(before['inner/small/kernel'] as Float32Array, 3)) expect(norm).toBeGreaterThan(1);
      expect(Math.min(...(before['inner/small/bias'] as Float32Array))).toBeLessThan(-1);
      expect(Math.min(...(after['inner/small/bias'] as Float32Array))).toBeGreaterThanOrEqual(0);
      expect(matching(after, /both/)).toEqual(matching(before, /both/));
      for (const handle of [tuned, model]) dispose(handle);
    });
    dispose(base);
  });
});

test('T2: what was built with training: false is saved and loaded so, in plain tfjs too', async () => {
  const input = tfl.input({ shape: [3] });
  const normalization = (name: string) => L.batchNormalization({ name });
  const fixed = normalization('fixed').apply(input, { training: false }) as tfl.SymbolicTensor;
  const plain = tfl.model({ inputs: input, outputs: on(normalization('free'), fixed) });
  const model = pipe(asBase(plain), attachHead(regressor(['x'])));
  const place = join(folder, 'inference-only');
  await saveModel(model, place);
  const loaded = await loadModel(place);
  const flags = ({ layers }: typeof model) => layers.map(({ path, inferenceOnly }) => `${path} ${inferenceOnly}`);
  expect(flags(loaded)).toEqual(flags(model));
  expect(flags(loaded)).toEqual(expect.arrayContaining(['fixed true', 'free false']));
  const json = JSON.parse(readFileSync(join(place, 'model.json'), 'utf8'));
  const read = await tfl.models.modelFromJSON({ modelTopology: json.modelTopology } as never);
  expect((read.getLayer('fixed').output as unknown as { callArgs: object }).callArgs).toEqual({ training: false });
  read.dispose();
  for (const handle of [model, loaded]) dispose(handle);
});
