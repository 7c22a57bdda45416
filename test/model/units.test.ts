import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { discriminative } from '../../src/core/rate-edits.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { summary } from '../../src/model/summary.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { explain } from '../../src/train/explain.ts';

const L = tfl.layers;
type Symbolic = tfl.SymbolicTensor;
const on = (layer: tfl.layers.Layer, ...inputs: Symbolic[]) =>
  layer.apply(inputs.length === 1 ? (inputs[0] as Symbolic) : inputs) as Symbolic;

beforeAll(() => useBackend(cpu()));

/** Two residual blocks with pre-activation, and a classifier. */
function network() {
  const norm = (name: string) => L.batchNormalization({ name });
  const conv = (name: string) => L.conv2d({ name, filters: 4, kernelSize: 3, padding: 'same' });
  const input = tfl.input({ shape: [8, 8, 3] });
  let x = on(L.reLU(), on(norm('stem_norm'), on(conv('stem'), on(norm('input_norm'), input))));
  for (const block of ['block1', 'block2']) {
    const y = on(conv(`${block}_b`), on(L.reLU(), on(norm(`${block}_a_norm`), on(conv(`${block}_a`), x))));
    x = on(norm(`${block}_join_norm`), on(L.add(), x, y));
  }
  const pooled = on(L.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsLast' }), x);
  const classes = on(
    L.dense({ name: 'classes', units: 7, activation: 'softmax' }),
    on(L.dropout({ rate: 0.5, name: 'drop' }), pooled),
  );
  return tfl.model({ inputs: input, outputs: classes });
}

describe('units', () => {
  test('a BatchNormalization counts with the layer before it; behind a join or behind nothing by itself', () => {
    const base = asBase(network());
    expect(base.units.map(({ layers }) => layers)).toEqual([
      ['input_norm'],
      ['stem', 'stem_norm'],
      ['block1_a', 'block1_a_norm'],
      ['block1_b'],
      ['block1_join_norm'],
      ['block2_a', 'block2_a_norm'],
      ['block2_b'],
      ['block2_join_norm'],
    ]);
    expect(base.units.map(({ group }) => group)).toEqual([
      'input_norm',
      'stem',
      ...['block1', 'block1', 'block1', 'block2', 'block2', 'block2'],
    ]);
  });

  test('unfreezeTop counts from the output, takes names and prefixes, and freezes the rest', () => {
    const base = asBase(network());
    const open = (top: number | string) =>
      [...unfreezeTop(top)(base).settings.trains].filter((key) => key.endsWith('kernel'));
    expect(open(0)).toEqual([]);
    expect(open(2)).toEqual(['block2_b/kernel']);
    expect(open('block2')).toEqual(['block2_a/kernel', 'block2_b/kernel']);
    expect(open('block2_b')).toEqual(['block2_b/kernel']);
    expect(pipe(base, unfreezeTop(5), unfreezeTop(2)).settings.trains.size).toBe(
      unfreezeTop(2)(base).settings.trains.size,
    );
  });

  test('the classifier is cut off, and `cut` says otherwise', () => {
    const model = network();
    expect(asBase(model)).toMatchObject({
      outputShape: [8, 8, 4],
      sourceHead: { layers: ['pool', 'drop', 'classes'] },
    });
    expect(asBase(model, { cut: false }).outputShape).toEqual([7]);
    expect(asBase(model, { cut: 'block1_join_norm' }).units).toHaveLength(5);
    expect(() => asBase(model, { cut: 'block9' })).toThrow(/'block9' is no layer.*classes.*Pass one of its layers/s);
  });
});

describe('what a strategy will do', () => {
  const model = () => pipe(asBase(network()), attachHead(classifier(['a', 'b'])));

  test('explain names layers, rates, frontier and bytes', () => {
    const strategy = sequence(
      linearProbe({ epochs: 3 }),
      unfreezeTop('block1'),
      discriminative({ decay: 0.5 }),
      train({ epochs: 2 }),
    );
    const [probe, tune] = explain(model(), strategy);
    expect(probe).toMatchObject({
      epochs: 3,
      parameters: 10,
      frontier: ['head_pool'],
      bytesPerExample: 4 * 4,
    });
    expect(probe?.trains).toEqual([{ layer: 'head_logits', weights: 10, learningRate: 1e-3 }]);
    const rates = Object.fromEntries(tune?.trains.map(({ layer, learningRate }) => [layer, learningRate]) ?? []);
    expect(rates).toEqual({
      block1_a: expect.closeTo(0.25e-4),
      block1_b: expect.closeTo(0.25e-4),
      block2_a: expect.closeTo(0.5e-4),
      block2_b: expect.closeTo(0.5e-4),
      head_logits: 1e-3,
    });
    expect(tune).toMatchObject({ batchNorm: 'frozen', batchSize: 32, optimizer: 'adam', schedule: 'constant' });
  });

  test('summary says what trains', () => {
    const lines = summary(unfreezeTop('block2_b')(model())).split('\n');
    expect(lines.find((line) => line.startsWith('block2_b '))).toMatch(/148 {2}yes$/);
    expect(lines.find((line) => line.startsWith('block1_a '))).toMatch(/148$/);
    expect(lines.at(-1)).toBe('158 of 806 parameters train');
  });
});
