import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import type { TrainEvent } from '../../src/core/events.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { infer, type Value } from '../../src/model/execute.ts';
import { folderOf, noFindings } from '../../src/model/fold.ts';
import { type Chain, joinChains } from '../../src/model/fold-chains.ts';
import { graphOf } from '../../src/model/graph.ts';
import { networkBehind, networkOf } from '../../src/model/network.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { withValues } from '../../src/model/weights.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { predict } from '../../src/train/predict.ts';
import { builtNetwork, chainedNetworks, examplesFor } from '../support/chains.ts';
import { difference, examplesOf } from '../support/examples.ts';

const nameOf = ({ operations, normalization, activation }: Chain) =>
  `${operations.map(({ kind }) => kind).join('+')}${normalization ? ' s' : ''} ${activation}`;

const freed = (values: readonly Value[]) => tf.dispose(values.map(({ tensor }) => tensor));

function networkOfModel(model: tfl.LayersModel) {
  const network = networkOf(graphOf(model), () => {});
  const given = (x: tf.Tensor) => new Map([[network.graph.inputs[0] as number, { tensor: x, mask: null }]]);
  return { network, given, ...network.graph };
}

describe.each([cpu(), wasm()])('on $name', (backend) => {
  describe.each(Object.entries(chainedNetworks))('%s', (_, chained) => {
    test('runs in chains, computes what its layers compute, and leaves nothing behind', async () => {
      await useBackend(backend);
      const model = builtNetwork(chained);
      const { network, given, applications, outputs } = networkOfModel(model);
      const joined = joinChains(network.graph, applications, outputs);
      expect(joined.map(({ chain, layer }) => (chain ? nameOf(chain) : layer.getClassName()))).toEqual(chained.runs);
      const x = examplesFor(chained, 3);
      const before = tf.memory().numTensors;
      const findings = noFindings();
      const folder = folderOf(network, findings);
      for (const run of [1, 2]) {
        const folded = await folder.infer({}, applications, given(x), outputs);
        const plain = infer(applications, given(x), outputs);
        const [a, b] = [folded, plain].map(([value]) => value?.tensor as tf.Tensor) as [tf.Tensor, tf.Tensor];
        expect(a.shape).toEqual(b.shape);
        expect(difference(a, b), `run ${run}`).toBeLessThan(1e-5);
        freed([...folded, ...plain]);
      }
      expect(findings.refused).toEqual([]);
      folder.dispose();
      expect(tf.memory().numTensors).toBe(before);
      x.dispose();
      model.dispose();
    });
  });
});

describe('folded weights', () => {
  const chained = chainedNetworks['inverted residuals in a nested model'] as (typeof chainedNetworks)[string];

  test.each([cpu(), wasm()])(
    'every value of a network can be asked for, in the middle of chains too, on $name',
    async (backend) => {
      await useBackend(backend);
      const model = builtNetwork(chained);
      const { network, given, applications } = networkOfModel(model);
      const x = examplesFor(chained, 2);
      const folder = folderOf(network, noFindings());
      for (const { outputs } of applications) {
        const folded = await folder.infer({}, applications, given(x), outputs);
        const plain = infer(applications, given(x), outputs);
        expect(difference(folded[0]?.tensor as tf.Tensor, plain[0]?.tensor as tf.Tensor)).toBeLessThan(1e-5);
        freed([...folded, ...plain]);
      }
      folder.dispose();
      x.dispose();
      model.dispose();
    },
  );

  test('are folded once, of the weights that stand in for the variables, and anew on another backend', async () => {
    await useBackend(cpu());
    const model = builtNetwork(chained);
    const { network, given, applications, outputs } = networkOfModel(model);
    const gammas = [...network.variables].filter(([key]) => key.endsWith('gamma'));
    const weights = Object.fromEntries(gammas.map(([key, { val }]) => [key, tf.mul(val, 3)]));
    const folder = folderOf(network, noFindings());
    const counts: number[] = [];
    for (const backend of [cpu(), cpu(), wasm()]) {
      await useBackend(backend);
      const x = examplesFor(chained, 2);
      const before = tf.memory().numTensors;
      const [folded] = (await folder.infer(weights, applications, given(x), outputs)) as [Value];
      counts.push(tf.memory().numTensors - before - 1);
      const [plain] = withValues(network.variables, weights, () => infer(applications, given(x), outputs)) as [Value];
      expect(difference(folded.tensor, plain.tensor)).toBeLessThan(1e-5);
      freed([folded, plain]);
      x.dispose();
    }
    expect(counts).toEqual([6, 0, 0]);
    folder.dispose();
    tf.dispose(weights);
    model.dispose();
  });
});

/** What a normalisation cannot be folded into: its input is nearly constant, and it magnifies what is left. */
function magnifying(): tfl.LayersModel {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 4, inputShape: [64], name: 'constant' }),
      tfl.layers.batchNormalization({ name: 'magnifier', epsilon: 1e-12 }),
    ],
  });
  const [kernel, ...rest] = [
    tf.randomUniform([64, 4], 100, 200, 'float32', 1),
    tf.zeros([4]),
    tf.ones([4]),
    tf.zeros([4]),
  ] as const;
  const mean = tf.sum(kernel, 0);
  const variance = tf.fill([4], 1e-11);
  model.layers.forEach((layer, index) => {
    layer.setWeights(index === 0 ? [kernel, rest[0]] : [rest[1], rest[2], mean, variance]);
  });
  tf.dispose([kernel, ...rest, mean, variance]);
  return model;
}

test('what folding would change is run by its layers, and the findings say so', async () => {
  await useBackend(cpu());
  const model = magnifying();
  const { network, given, applications, outputs } = networkOfModel(model);
  const x = tf.randomNormal([5, 64], 1, 1e-5, 'float32', 2);
  const before = tf.memory().numTensors;
  const findings = noFindings();
  const folder = folderOf(network, findings);
  for (let run = 0; run < 2; run++) {
    const results = await folder.infer({}, applications, given(x), outputs);
    const plain = infer(applications, given(x), outputs);
    expect(difference(results[0]?.tensor as tf.Tensor, plain[0]?.tensor as tf.Tensor)).toBe(0);
    freed([...results, ...plain]);
  }
  expect(findings.refused).toEqual([
    { kind: 'foldingRefused', layer: 'magnifier', difference: expect.any(Number), threshold: 1e-3 },
  ]);
  expect(findings.refused[0]?.difference).toBeGreaterThan(1e-3);
  folder.dispose();
  expect(tf.memory().numTensors).toBe(before);
  x.dispose();
  model.dispose();
});

test('a run reports it once, and prediction and evaluation agree with the layers', async () => {
  await useBackend(cpu());
  const base = asBase(magnifying(), { cut: false });
  const model = attachHead(classifier(['a', 'b']))(base);
  const examples = () => examplesOf([tf.randomNormal([6, 64], 1, 1e-5, 'float32', 3)], [0, 1, 0, 1, 0, 1]);
  const events: TrainEvent[] = [];
  const before = tf.memory().numTensors;
  const { model: tuned } = await fineTune(
    model,
    { train: examples(), validation: examples() },
    linearProbe({ epochs: 2 }),
    {
      onEvent: (event) => events.push(event),
    },
  );
  expect(events.filter(({ kind }) => kind === 'foldingRefused')).toMatchObject([{ layer: 'magnifier' }]);
  const { graph, variables } = networkBehind(tuned);
  const [x] = (await examples().read([0, 1, 2, 3, 4, 5], { inputs: tuned.inputs })) as [tf.Tensor];
  const plain = withValues(variables, tuned.lease.values, () =>
    infer(graph.applications, new Map([[graph.inputs[0] as number, { tensor: x, mask: null }]]), graph.outputs),
  );
  const scores = tf.tidy(() => tf.softmax(plain[0]?.tensor as tf.Tensor2D).arraySync()) as number[][];
  const { outcome } = await evaluate(tuned, examples());
  expect(outcome.scores.map((row) => [...row])).toEqual(scores);
  const row = tf.tidy(() => tf.squeeze(tf.slice(x, 0, 1), [0]));
  for (let run = 0; run < 2; run++) {
    const predictions = await predict(tuned, row);
    expect(new Map(predictions.map(({ label, score }) => [label, score])).get('a')).toBe(scores[0]?.[0]);
  }
  freed(plain);
  tf.dispose([x, row]);
  dispose(tuned);
  expect(tf.memory().numTensors).toBe(before);
  dispose(model);
});
