import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { unfreeze, unfreezeOnly } from '../../src/core/edits.ts';
import { coTuning, delta, distillation, l2SP, type Penalty } from '../../src/core/penalties.ts';
import { pipe } from '../../src/core/pipe.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { differenceFromFinite, oneStep, smoothBase } from '../support/one-step.ts';

beforeAll(() => useBackend(cpu()));

const pixels = Array.from({ length: 2 * 2 * 2 * 3 }, (_, i) => Math.sin(7 * i));
const logits = [
  [2, -1],
  [-0.5, 1.5],
  [1, 1.25],
];
const relation = {
  relation: [
    [0.7, 0.2, 0.1],
    [0.1, 0.3, 0.6],
  ],
  kernel: Array.from({ length: 12 }, (_, i) => Math.cos(5 * i)),
  bias: [0.1, -0.2, 0.3],
};
const penalties: Readonly<Record<string, Penalty>> = {
  l2SP: l2SP({ alpha: 0.7, beta: 0.3 }),
  'delta of the output': delta({ alpha: 0.8 }),
  'delta of two layers, with attention': delta({
    alpha: 0.8,
    layers: ['stem', 'features'],
    channelWeights: [
      [0.5, 0.3, 0.2],
      [0.1, 0.2, 0.3, 0.4],
    ],
  }),
  coTuning: coTuning(relation),
  distillation: distillation({ labels: ['a', 'b'], logits }, { temperature: 3, alpha: 0.6 }),
};

/** A batch of the examples 2 and 0, plain or mixed with others. */
function batchOf(isMixed: boolean) {
  const mixtures = [
    { partner: 1, share: 0.7 },
    { partner: 0, share: 1 },
  ];
  return {
    x: tf.tensor(pixels, [2, 2, 2, 3]),
    targets: isMixed
      ? tf.tensor2d([
          [0.7, 0.3],
          [1, 0],
        ])
      : tf.tensor1d([0, 1], 'int32'),
    rows: { indices: [2, 0], ...(isMixed && { mixtures }) },
  };
}

const modelOf = (...edits: readonly ReturnType<typeof unfreeze>[]) =>
  edits.reduce((model, edit) => edit(model), pipe(smoothBase(), attachHead(classifier(['a', 'b']))));

const moved = (tensor: tf.Tensor) =>
  tf.add(tensor, tf.reshape(tf.mul(0.3, tf.sin(tf.mul(9, tf.range(1, tensor.size + 1)))), tensor.shape));

describe.each(Object.entries(penalties))('%s', (name, penalty) => {
  test.each([false, true])('has the gradient of finite differences (mixed: %s)', (isMixed) => {
    tf.tidy(() => {
      const run = oneStep(modelOf(unfreeze()), { penalties: [penalty] }, batchOf(isMixed));
      const at = Object.fromEntries(run.keys.map((key) => [key, moved(run.weight(key))]));
      const plain = oneStep(modelOf(unfreeze()), {}, batchOf(isMixed));
      // It is there at all.
      expect(Math.abs(run.step(at).loss - plain.step(at).loss)).toBeGreaterThan(1e-3);
      expect(differenceFromFinite(run, at), name).toBeLessThan(2e-3);
    });
  });
});

/** The loss that a penalty adds, with the weights moved from where they began. */
function added(penalty: Penalty, isMixed = false) {
  const run = oneStep(modelOf(unfreeze()), { penalties: [penalty] }, batchOf(isMixed));
  const plain = oneStep(modelOf(unfreeze()), {}, batchOf(isMixed));
  const at = Object.fromEntries(run.keys.map((key) => [key, moved(run.weight(key))]));
  const weights = Object.fromEntries(
    run.keys.map((key) => [key, { before: run.weight(key).arraySync(), now: at[key]?.arraySync() }]),
  );
  const { loss } = plain.step(at);
  return { added: run.step(at).loss - loss, loss, weights };
}
type Weights = ReturnType<typeof added>['weights'];

/** The feature maps of the two layers for each picture and place, in plain numbers. */
function mapsOf(weights: Weights, when: 'before' | 'now') {
  const layer = (input: readonly number[], name: string) => {
    const [kernel, bias] = ['kernel', 'bias'].map((one) => weights[`${name}/${one}`]?.[when]) as [
      number[][][][],
      number[],
    ];
    return bias.map((b, c) =>
      Math.tanh(
        input.reduce(
          (sum, value, i) => sum + value * (((kernel[0] as number[][][])[0] as number[][])[i]?.[c] as number),
          b,
        ),
      ),
    );
  };
  return [0, 1].map((picture) =>
    [0, 1, 2, 3].map((place) => {
      const stem = layer(pixels.slice((picture * 4 + place) * 3, (picture * 4 + place + 1) * 3), 'stem');
      return { stem, features: layer(stem, 'features') };
    }),
  );
}

const sum = (numbers: readonly number[]) => numbers.reduce((before, number) => before + number, 0);
const softmax = (row: readonly number[]) => row.map((value) => Math.exp(value) / sum(row.map(Math.exp)));

describe('by hand', () => {
  test('delta is the squared distance of feature maps, by area, over the batch', () => {
    tf.tidy(() => {
      const { added: value, weights } = added(penalties['delta of two layers, with attention'] as Penalty);
      const [before, now] = [mapsOf(weights, 'before'), mapsOf(weights, 'now')];
      const attention = { stem: [0.5, 0.3, 0.2], features: [0.1, 0.2, 0.3, 0.4] };
      const expected = sum(
        (['stem', 'features'] as const).flatMap((layer) =>
          now.flatMap((places, picture) =>
            places.flatMap((place, p) =>
              place[layer].map((one, c) => {
                const other = before[picture]?.[p]?.[layer][c] as number;
                const share = (attention[layer][c] as number) * attention[layer].length;
                // 4 places, 2 pictures, alpha / 2.
                return (0.8 / 2) * (share / 4 / 2) * (one - other) ** 2;
              }),
            ),
          ),
        ),
      );
      expect(expected).toBeGreaterThan(0.01);
      expect(value).toBeCloseTo(expected, 5);
    });
  });

  test('coTuning is 2.3 times the cross-entropy of the old head', () => {
    tf.tidy(() => {
      const { added: value, weights } = added(penalties.coTuning as Penalty);
      const maps = mapsOf(weights, 'now');
      const each = maps.map((places, picture) => {
        const pooled = [0, 1, 2, 3].map((c) => sum(places.map(({ features }) => (features[c] as number) / 4)));
        const said = softmax(
          relation.bias.map((b, k) => sum([b, ...pooled.map((f, c) => f * (relation.kernel[c * 3 + k] as number))])),
        );
        // The pictures are of the classes 0 and 1.
        return -sum(said.map((p, k) => (relation.relation[picture]?.[k] as number) * Math.log(p)));
      });
      expect(value).toBeCloseTo((2.3 * sum(each)) / 2, 4);
    });
  });

  test.each([0, 0.6, 1])('distillation has the share %d of the loss, times the square of the temperature', (alpha) => {
    tf.tidy(() => {
      const penalty = distillation({ labels: ['a', 'b'], logits }, { temperature: 3, alpha });
      const { added: value, loss, weights } = added(penalty);
      const [kernel, bias] = ['kernel', 'bias'].map((one) => weights[`head_logits/${one}`]?.now) as [
        number[][],
        number[],
      ];
      const each = mapsOf(weights, 'now').map((places, picture) => {
        const pooled = [0, 1, 2, 3].map((c) => sum(places.map(({ features }) => (features[c] as number) / 4)));
        const student = bias.map((b, k) => sum([b, ...pooled.map((f, c) => f * (kernel[c]?.[k] as number))]) / 3);
        const teacher = softmax((logits[picture === 0 ? 2 : 0] as number[]).map((one) => one / 3));
        return -sum(softmax(student).map((p, k) => (teacher[k] as number) * Math.log(p)));
      });
      expect(loss + value).toBeCloseTo((1 - alpha) * loss + (alpha * 9 * sum(each)) / 2, 4);
    });
  });

  test('a teacher is read from what evaluate gives as from its logits', () => {
    tf.tidy(() => {
      const scores = logits.map((row) => Float32Array.from(softmax(row)));
      const settings = { temperature: 3, alpha: 0.6 };
      const fromScores = added(distillation({ labels: ['a', 'b'], scores }, settings)).added;
      expect(fromScores).toBeCloseTo(added(distillation({ labels: ['a', 'b'], logits }, settings)).added, 5);
    });
  });
});

test('below the frozen frontier there is nothing to hold', () => {
  tf.tidy(() => {
    const value = (penalty: Penalty | undefined, ...edits: readonly ReturnType<typeof unfreeze>[]) =>
      oneStep(modelOf(...edits), { penalties: penalty ? [penalty] : [] }, batchOf(false)).step({}).loss;
    const features = delta({ layers: ['stem'] });
    for (const penalty of [delta(), features, coTuning(relation)]) expect(value(penalty)).toBe(value(undefined));
    expect(value(features, unfreezeOnly('features'))).toBe(value(undefined, unfreezeOnly('features')));
  });
});
