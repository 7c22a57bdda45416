import * as tf from '@tensorflow/tfjs-core';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import type { Base } from '../../src/core/handle.ts';
import { dispose } from '../../src/model/dispose.ts';
import { infer, type Value } from '../../src/model/execute.ts';
import { loadBase } from '../../src/model/load-base.ts';
import { networkBehind } from '../../src/model/network.ts';
import { split } from '../../src/model/split.ts';
import { trainedBy } from '../../src/model/trained.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { efficientNetDifferences } from '../contract/efficientnet.ts';
import { difference } from '../support/examples.ts';

let whole: Base;
let images: tf.Tensor;

beforeAll(async () => {
  await useBackend(wasm());
  // The golden's input is what the network reads after scaling, so scaling is left out.
  whole = await loadBase(efficientNetLite0(), { cut: false, input: { scale: 1, offset: 0 } });
  const values = Float32Array.from(
    { length: 2 * 224 * 224 * 3 },
    (_, k) => Math.sin(0.01 * k) + (((7919 * k) % 256) - 127) / 128,
  );
  images = tf.tensor(values, [2, 224, 224, 3]);
});
afterAll(() => dispose(whole));

const given = (base: Base) =>
  new Map([[networkBehind(base).graph.inputs[0] as number, { tensor: images, mask: null }]]);

test('agrees with Keras within 1e-4 on wasm', async () => {
  const differences = await efficientNetDifferences();
  console.log('wasm: largest differences to Keras', differences);
  for (const value of Object.values(differences)) expect(value).toBeLessThan(1e-4);
});

test('every frontier gives the output of the whole within 1e-6', () => {
  const { graph } = networkBehind(whole);
  const [reference] = infer(graph.applications, given(whole), graph.outputs) as [Value];
  const cuts = new Set<string>();
  let largest = 0;
  for (let n = 0; n <= whole.units.length; n++) {
    const edited = unfreezeTop(n)(whole);
    const { prefix, suffix, cut } = split(graph, trainedBy(edited.layers, edited.settings).layers);
    cuts.add(String(cut));
    const below = infer(prefix, given(whole), cut);
    const [output] = infer(suffix, new Map(cut.map((id, i) => [id, below[i] as Value])), graph.outputs) as [Value];
    largest = Math.max(largest, difference(output.tensor, reference.tensor));
    tf.dispose([...below.map(({ tensor }) => tensor), output.tensor]);
  }
  console.log(`${cuts.size} frontiers, largest difference ${largest}`);
  expect(cuts.size).toBe(whole.units.length + 1);
  expect(largest).toBeLessThan(1e-6);
});

test('the classifier is found and cut off with its dropout and pooling', async () => {
  const base = await loadBase(efficientNetLite0());
  expect(base.outputShape).toEqual([7, 7, 1280]);
  expect(base.sourceHead?.layers).toEqual(['avg_pool', 'top_dropout', 'predictions']);
  expect(base.units).toHaveLength(49);
  expect(base.inputs).toEqual([{ shape: [224, 224, 3], dtype: 'float32', scale: 1 / 128, offset: -127 / 128 }]);
  dispose(base);
});
