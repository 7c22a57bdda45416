import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { regressor } from '../../src/heads/index.ts';
import { asBase, attachHead, dispose, evaluate, loadBase, saveModel, useBackend } from '../../src/index.ts';
import { examplesOf, memory } from '../support/examples.ts';
import { inPlainNode, leavingNothing, on, random, root } from './support.ts';

const L = tfl.layers;
beforeAll(() => useBackend(cpu()));

describe('T14 gradients come with tfjs-layers, not from paths inside tfjs-core', () => {
  const slope = "const [g] = tf.grads((x) => tf.square(x))([tf.scalar(3)]); console.log('slope', g.dataSync()[0]);";
  const core = "import * as tf from '@tensorflow/tfjs-core'; import '@tensorflow/tfjs-backend-cpu';";

  test('tfjs: core alone has none, and its deep paths cannot be imported', () => {
    const alone = inPlainNode(`${core} ${slope}`);
    expect(alone).toEqual({ ok: false, text: expect.stringMatching(/gradient function not found for Square/) });
    const deep = inPlainNode(`${core} import '@tensorflow/tfjs-core/dist/register_all_gradients.js'; ${slope}`);
    expect(deep).toEqual({ ok: false, text: expect.stringMatching(/ERR_MODULE_NOT_FOUND|SyntaxError/) });
    const chained = inPlainNode(`${core} console.log(typeof tf.scalar(3).square);`);
    expect(chained.text).toMatch(/undefined$/);
  });

  test('here: they come with tfjs-layers, and packages of tfjs are imported by name alone', () => {
    const layers = inPlainNode(`${core} import '@tensorflow/tfjs-layers'; ${slope}`);
    expect(layers).toEqual({ ok: true, text: expect.stringMatching(/slope 6$/) });
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name, text: readFileSync(join(root, 'src', name), 'utf8') }));
    expect(sources.filter(({ text }) => /['"]@tensorflow\/[\w-]+\/[^'"]/.test(text)).map(({ name }) => name)).toEqual(
      [],
    );
    // Whatever trains a step reaches a module that imports tfjs-layers for its values, not for its types only.
    const reach = (name: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(name)) return seen;
      seen.add(name);
      const text = readFileSync(join(root, 'src', name), 'utf8');
      for (const [, path] of text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '(\.[^']+)'/gms)) {
        reach(join(name, '..', path as string), seen);
      }
      return seen;
    };
    const withLayers = sources.filter(({ text }) => /^import \* as tfl from '@tensorflow\/tfjs-layers'/m.test(text));
    const reached = reach('model/attach-head.ts');
    expect(withLayers.filter(({ name }) => reached.has(name))).not.toEqual([]);
  });
});

describe('T21 recurrent layers with an orthogonal initializer load', () => {
  const packages =
    "import * as tf from '@tensorflow/tfjs-core'; import * as tfl from '@tensorflow/tfjs-layers'; import '@tensorflow/tfjs-backend-cpu';";

  test('tfjs: core and layers alone cannot make one', () => {
    for (const kind of ['lstm', 'gru']) {
      const made = inPlainNode(`${packages} tfl.layers.${kind}({ units: 2 }).apply(tf.zeros([1, 2, 3]));`);
      expect(made).toEqual({ ok: false, text: expect.stringMatching(/rMat\.flatten is not a function/) });
    }
    expect(() => L.dense({ units: 2, activityRegularizer: 'l1l2' }).apply(tf.zeros([1, 2]))).toThrow();
  });

  const plain = { units: 3, recurrentInitializer: 'glorotUniform', returnSequences: true } as const;
  const cell = (units: number) => L.lstmCell({ units, recurrentInitializer: 'glorotUniform' });
  const nested = (name: string) => tfl.sequential({ name, layers: [L.lstm({ ...plain, inputShape: [4, 3] })] });
  const forms: Readonly<Record<string, () => tfl.layers.Layer[]>> = {
    'layers of each kind': () => [L.lstm(plain), L.gru(plain), L.simpleRNN(plain)],
    'a bidirectional layer': () => [L.bidirectional({ mergeMode: 'concat', layer: L.gru(plain) as tfl.RNN })],
    'stacked cells': () => [L.rnn({ cell: [cell(2), cell(3)] }) as tfl.layers.Layer],
    'a nested model': () => [nested('nested')],
    'a wrapped model': () => [
      L.reshape({ targetShape: [1, 4, 3] }),
      L.timeDistributed({ layer: nested('wrapped') }),
      L.reshape({ targetShape: [4, 3] }),
    ],
  };

  /** A saved model as Keras makes them: every recurrent kernel has an orthogonal initializer. */
  async function recurrent(form: string) {
    const input = tfl.input({ shape: [4, 3] });
    const layers = forms[form]?.() ?? [];
    const model = tfl.model({ inputs: input, outputs: layers.reduce((value, layer) => on(layer, value), input) });
    const handler = memory();
    await model.save(handler);
    const { modelTopology, weightSpecs, weightData } = handler.artifacts as Required<tf.io.ModelArtifacts>;
    const orthogonal = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(orthogonal);
      if (typeof value !== 'object' || value === null) return value;
      const initializer = { class_name: 'Orthogonal', config: { gain: 1, seed: null } };
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
          key,
          key === 'recurrent_initializer' ? initializer : orthogonal(inner),
        ]),
      );
    };
    const topology = orthogonal(modelTopology) as object;
    expect(JSON.stringify(topology)).toContain('Orthogonal');
    return {
      model,
      source: tf.io.fromMemory({ modelTopology: topology, weightSpecs, weightData: weightData as ArrayBuffer }),
    };
  }

  test('here: what is saved of a model of tfjs names no orthogonal initializer', async () => {
    const { source } = await recurrent('layers of each kind');
    const model = await tfl.loadLayersModel(source);
    expect(JSON.stringify(model.toJSON(null, false))).toContain('Orthogonal');
    const base = asBase(model, { cut: false });
    const headed = attachHead(regressor(['y']))(base);
    const saved = memory();
    await saveModel(headed, saved);
    expect(JSON.stringify(saved.artifacts?.modelTopology)).not.toMatch(/orthogonal/i);
    for (const handle of [headed, base]) dispose(handle);
    model.dispose();
  });

  test.each(Object.keys(forms))('here: %s, and what is saved of them loads in plain tfjs', async (form) => {
    const { model, source } = await recurrent(form);
    const inputs = random(3, 2, 4, 3);
    const examples = examplesOf([tf.clone(inputs)], [[0], [1]]);
    await leavingNothing(async () => {
      const base = await loadBase(source, { cut: false });
      const headed = attachHead(regressor(['y']))(base);
      const expected = tf.tidy(() => {
        const features = model.predict(inputs) as tf.Tensor;
        const pooled = features.rank === 3 ? tf.mean(features, 1) : features;
        return [...tf.matMul(pooled, headed.lease.values['head_logits/kernel'] as tf.Tensor).dataSync()];
      });
      const scores = (await evaluate(headed, examples)).outcome.scores.map((score) => score[0] as number);
      const saved = memory();
      await saveModel(headed, saved);
      const { modelTopology, weightSpecs, weightData } = saved.artifacts as Required<tf.io.ModelArtifacts>;
      const bytes = [...new Uint8Array(weightData as ArrayBuffer)];
      const { ok, text } = inPlainNode(`${packages}
      const weightData = Uint8Array.from(${JSON.stringify(bytes)}).buffer;
      const artifacts = { modelTopology: ${JSON.stringify(modelTopology)}, weightSpecs: ${JSON.stringify(weightSpecs)}, weightData };
      const model = await tfl.loadLayersModel(tf.io.fromMemory(artifacts));
      const inputs = tf.tensor(${JSON.stringify([...inputs.dataSync()])}, [2, 4, 3]);
      console.log(JSON.stringify([...model.predict(inputs).dataSync()]));`);
      expect(ok, text).toBe(true);
      const inPlainTfjs = JSON.parse(text.split('\n').at(-1) as string) as number[];
      for (const [row, value] of expected.entries()) {
        expect(scores[row]).toBeCloseTo(value, 5);
        expect(inPlainTfjs[row]).toBeCloseTo(value, 5);
      }
      for (const handle of [headed, base]) dispose(handle);
    });
    inputs.dispose();
  });
});
