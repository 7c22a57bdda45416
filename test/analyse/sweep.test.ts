import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { epochsOf, phasesOf, scaled } from '../../src/analyse/scale-strategy.ts';
import { strategyCode } from '../../src/analyse/strategy-code.ts';
import { type SweepEvent, type SweepSettings, type SweepState, sweep } from '../../src/analyse/sweep.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { augmentExamples, flip } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  accuracy,
  adam,
  adamw,
  attachHead,
  auc,
  averagedWeights,
  type Base,
  batchNorm,
  bestWeights,
  bitFit,
  chain,
  clipByGlobalNorm,
  cosine,
  coTuning,
  cutmix,
  delta,
  discriminative,
  dispose,
  distillation,
  type Examples,
  earlyStopping,
  fineTune,
  fineTuneOneCycle,
  freeze,
  gradualUnfreeze,
  l2SP,
  linearProbe,
  lora,
  mixup,
  probeThenTune,
  type Strategy,
  sequence,
  sgd,
  softmaxCrossEntropy,
  surgical,
  swaWeights,
  topK,
  train,
  unfreeze,
  unfreezeOnly,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { examplesOf } from '../support/examples.ts';
import { random } from '../traps/support.ts';

let base: Base;
beforeAll(async () => {
  await useBackend(wasm());
  base = tinyCnn({ size: 16 });
});
afterAll(() => dispose(base));

const fresh = () => attachHead(classifier(['a', 'b']))(base);
/** Noise that is lighter where it is of the second class; `reads` counts the examples that were read. */
function noise(seed: number, count: number) {
  const targets = Array.from({ length: count }, (_, i) => i % 2);
  const light = tf.tidy(() => tf.mul(tf.reshape(tf.tensor1d(targets), [-1, 1, 1, 1]), 40));
  const examples = examplesOf([tf.tidy(() => tf.add(tf.mul(random(seed, count, 16, 16, 3), 60), light))], targets);
  light.dispose();
  const counted = { reads: 0 };
  const read: Examples['read'] = (indices, request) => {
    counted.reads += indices.length;
    return examples.read(indices, request);
  };
  return { counted, examples: { ...examples, read } };
}
const splits = () => {
  const [own, other] = [noise(1, 20), noise(2, 12)];
  return { own, other, data: { train: own.examples, validation: other.examples } };
};
const grid = [0, 1, 2].flatMap((top) =>
  [1e-4, 1e-3, 1e-2].map((learningRate) =>
    probeThenTune({ top, probe: { epochs: 4, batchSize: 8 }, tune: { epochs: 4, learningRate, batchSize: 8 } }),
  ),
);
/** Three rounds of 9, 4 and 2 strategies: 2, 6 and 8 of their 8 epochs. */
const budget = 72;

describe('sweep', () => {
  test('halves the strategies and doubles their epochs, on features that are computed once', async () => {
    const { own, other, data } = splits();
    const model = fresh();
    const tensors = tf.memory().numTensors;
    const events: SweepEvent[] = [];
    const found = await sweep(model, grid, data, { budget, onEvent: (event) => events.push(event) });
    expect(tf.memory().numTensors).toBe(tensors);
    // Each picture is read once, for all runs and frontiers, but for those that show whether folding is right.
    expect(own.counted.reads).toBe(20);
    expect(other.counted.reads).toBe(12);
    const runs = events.filter((event) => event.kind === 'run');
    expect(runs.map(({ round, epochs }) => [round, epochs])).toEqual([
      ...Array(9).fill([1, 2]),
      ...Array(4).fill([2, 6]),
      ...Array(2).fill([3, 8]),
    ]);
    expect(runs.map(({ done, total }) => [done, total])).toEqual(Array.from({ length: 15 }, (_, i) => [i + 1, 15]));
    expect(found.epochs).toBe(9 * 2 + 4 * 6 + 2 * 8);
    expect(found.rows.map(({ rounds }) => rounds)).toEqual([3, 3, 2, 2, 1, 1, 1, 1, 1]);
    expect(found.rows.map(({ position }) => position).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const rounds of [1, 2, 3]) {
      const values = found.rows.filter((row) => row.rounds === rounds).map(({ value }) => value as number);
      expect(values).toEqual([...values].sort((a, b) => b - a));
    }
    expect(found.winner).toBe(found.rows[0]);
    expect(found.winner.strategy).toBe(grid[found.winner.position]);
    dispose(model);
  });

  test('says of a strategy what fineTune says', async () => {
    const { data } = splits();
    const model = fresh();
    const { rows } = await sweep(model, grid, data, { budget: 2000, seed: 3 });
    for (const { strategy, epochs, value, loss } of rows.slice(0, 3)) {
      expect(epochs).toBe(8);
      const { model: tuned, history } = await fineTune(model, data, strategy, { seed: 3 });
      const last = history.phases.at(-1);
      const scores = last?.epochs.find(({ epoch }) => epoch === last.kept)?.validation;
      expect(value).toBeCloseTo(scores?.metrics.accuracy as number, 6);
      expect(loss).toBeCloseTo(scores?.loss as number, 5);
      dispose(tuned);
    }
    dispose(model);
  });

  test.each([2, undefined])('and of augmented examples the same, with views: %s', async (views) => {
    const { own, data } = splits();
    const model = fresh();
    const augmented = { ...data, train: augmentExamples(data.train, [flip()], { seed: 1 }) };
    const strategy = linearProbe({ epochs: 3, batchSize: 8, ...(views && { views }) });
    const { winner } = await sweep(model, [strategy, linearProbe({ epochs: 1 })], augmented, { budget: 6 });
    // Views are computed once; new ones are computed in each epoch, here and by the other strategy.
    expect(own.counted.reads).toBe((views ?? 3) * 20 + 20);
    const { model: tuned, history } = await fineTune(model, augmented, strategy);
    expect(history.phases[0]?.kept).toBe(3);
    expect(winner).toMatchObject({ position: 0, loss: history.phases[0]?.epochs[3]?.validation?.loss });
    dispose(tuned);
    dispose(model);
  });

  test('goes on where an abort ended it, from JSON, and finds the same', async () => {
    const { own, data } = splits();
    const model = fresh();
    const whole = await sweep(model, grid, data, { budget });
    const tensors = tf.memory().numTensors;
    const stop = new AbortController();
    let kept = '';
    const onEvent = (event: SweepEvent) => {
      if (event.kind !== 'run') return;
      kept = JSON.stringify(event.state);
      if (event.done === 11) stop.abort();
    };
    await expect(sweep(model, grid, data, { budget, signal: stop.signal, onEvent })).rejects.toThrow(/abort/i);
    expect(tf.memory().numTensors).toBe(tensors);
    const again = await sweep(model, grid, data, { budget, state: JSON.parse(kept) as SweepState });
    expect(again.rows).toEqual(whole.rows);
    expect(again.state).toEqual(whole.state);
    expect(again.epochs).toBe(whole.epochs - 9 * 2 - 2 * 6);
    // What is all known is not computed at all.
    const reads = own.counted.reads;
    expect((await sweep(model, grid, data, { budget, state: whole.state })).winner).toEqual(whole.winner);
    expect(own.counted.reads).toBe(reads);
    dispose(model);
  });

  test('an abort while features are computed ends it too, and leaves nothing', async () => {
    const { data } = splits();
    const model = fresh();
    const tensors = tf.memory().numTensors;
    const stop = new AbortController();
    const onEvent = (event: SweepEvent) => event.kind === 'features' && stop.abort();
    await expect(sweep(model, grid, data, { budget, signal: stop.signal, onEvent })).rejects.toThrow(/abort/i);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });

  test('a strategy whose numbers run away comes last, and if all do that is said', async () => {
    const { data } = splits();
    const model = fresh();
    const tensors = tf.memory().numTensors;
    const wild = linearProbe({ epochs: 4, learningRate: 1e38, optimizer: sgd() });
    const { rows, winner } = await sweep(model, [wild, linearProbe({ epochs: 4 })], data, { budget: 8 });
    expect(winner.position).toBe(1);
    expect(rows[1]).toMatchObject({ position: 0, failure: expect.stringMatching(/NaN or Infinity/) });
    expect(rows[1]?.value).toBeUndefined();
    await expect(sweep(model, [wild], data, { budget: 8 })).rejects.toMatchObject({ code: 'NOT_FINITE' });
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });

  test('one strategy, one class and one example are results', async () => {
    const model = fresh();
    const one = { ...noise(1, 1).examples };
    const { winner, rows } = await sweep(
      model,
      [linearProbe({ epochs: 2 })],
      { train: one, validation: one },
      { budget: 1 },
    );
    expect(rows).toHaveLength(1);
    expect(winner).toMatchObject({ rounds: 1, epochs: 1 });
    expect(Number.isFinite(winner.value) && Number.isFinite(winner.loss)).toBe(true);
    dispose(model);
  });

  test('refuses what it cannot sweep, before anything is read', async () => {
    const { own, data } = splits();
    const model = fresh();
    const two = [linearProbe(), probeThenTune()];
    const refused = (strategies: readonly unknown[], settings: unknown, given: unknown = data) =>
      expect(sweep(model, strategies as Strategy[], given as typeof data, settings as SweepSettings)).rejects;
    await refused([], { budget: 9 }).toThrow(/no strategies/);
    await refused(two, { budget: 3 }).toThrow(/budget: 3. 2 strategies in 1 round take 4 epochs at least/);
    await refused(two, {}).toThrow(/budget: undefined/);
    await refused(two, { budget: Number.NaN }).toThrow(/budget: NaN/);
    await refused(two, { budget: 9, epochs: 3 }).toThrow(/epochs, which it does not know/);
    await refused(two, { budget: 9 }, { train: data.train }).toThrow(/validation split/);
    await refused([linearProbe(), [freeze()]], { budget: 9 }).toThrow(/ends with the edit/);
    await refused([sequence(unfreezeTop(99), train({ epochs: 1 }))], { budget: 9 }).toThrow(/unfreezeTop\(99\)/);
    const own2 = { kind: 'callback', name: 'mine', start: () => () => ({}) } as const;
    await refused([linearProbe({ callbacks: [own2] })], { budget: 9 }).toThrow(/callback "mine"/);
    const state = { seed: 1, metric: 'accuracy', examples: [20, 12], runs: {} };
    await refused(two, { budget: 9, state }).toThrow(/state of another sweep \(seed 1.*this one has seed 0/);
    expect(own.counted.reads).toBe(0);
    dispose(model);
  });
});

describe('a strategy in fewer epochs', () => {
  const epochs = (strategy: Strategy) => phasesOf(strategy).map((phase) => phase.epochs);
  test('has them divided as they were, with one at least in each phase', () => {
    const strategy = probeThenTune({ probe: { epochs: 20 }, tune: { epochs: 5 } });
    expect(epochs(scaled(strategy, 10))).toEqual([8, 2]);
    expect(epochs(scaled(strategy, 3))).toEqual([2, 1]);
    expect(epochs(scaled(strategy, 2))).toEqual([1, 1]);
    expect(scaled(strategy, 25)).toBe(strategy);
    expect(scaled(strategy, 99)).toBe(strategy);
    const many = gradualUnfreeze([0, 1, 2], { epochs: 7 });
    for (const count of [3, 4, 10, 20]) expect(epochsOf(scaled(many, count))).toBe(count);
  });

  test('averages from the same part of the phase on', () => {
    const [, phase] = scaled(linearProbe({ epochs: 12, callbacks: [swaWeights({ from: 9 })] }), 4);
    expect(JSON.stringify(phase)).toContain('"from":3');
  });
});

describe('a strategy as code', () => {
  const folder = join(import.meta.dirname, '../.tmp/strategies');
  beforeAll(() => mkdirSync(folder, { recursive: true }));
  const all: readonly Strategy[] = [
    linearProbe(),
    probeThenTune({ top: 'block2' }),
    gradualUnfreeze([0, 1], { epochs: 2 }),
    fineTuneOneCycle(3),
    sequence(
      freeze(),
      unfreeze(),
      unfreezeTop(2),
      unfreezeOnly('block1', 'block2'),
      bitFit(),
      batchNorm('train'),
      discriminative(),
      discriminative({ lowest: 0.01 }),
      train({
        epochs: 3,
        learningRate: 1e-5,
        optimizer: chain(clipByGlobalNorm(1), adamw({ weightDecay: 0.1 })),
        schedule: cosine({ warmup: 3 }),
        loss: softmaxCrossEntropy({ labelSmoothing: 0.1, gamma: 2, classWeights: [1, 2] }),
        penalties: [l2SP()],
        metrics: [accuracy(), topK(3), auc('cat')],
        callbacks: [earlyStopping({ monitor: 'accuracy' }), bestWeights(), averagedWeights({ decay: 0.9 })],
      }),
      train({ epochs: 1, optimizer: adam({ convention: 'pytorch' }), callbacks: [swaWeights({ from: 1 })], views: 2 }),
    ),
    surgical(['block_1']),
    sequence(
      lora({ r: 2, alpha: 4, targetModules: ['query', 'value'] }),
      train({
        epochs: 1,
        mix: mixup({ alpha: 0.3 }),
        penalties: [
          delta({ alpha: 0.2 }),
          coTuning({ relation: [[0.2, 0.8]], kernel: [1, 2], bias: [0, 1] }, { strength: 2 }),
          distillation({ labels: ['cat'], logits: [[1], [2]] }, { temperature: 3, alpha: 0.5 }),
        ],
      }),
      train({ epochs: 1, mix: cutmix() }),
    ),
  ];
  test.each(all.map((strategy, index) => [index, strategy] as const))(
    'that runs makes the same one: %i',
    async (index, strategy) => {
      const path = join(folder, `${index}.mjs`);
      writeFileSync(path, strategyCode(strategy));
      const { strategy: again } = (await import(/* @vite-ignore */ path)) as { readonly strategy: Strategy };
      expect(JSON.stringify(again)).toBe(JSON.stringify(strategy));
    },
  );

  test('cannot be written of values of one’s own', () => {
    const mine = {
      kind: 'optimizer',
      name: 'mine',
      init: () => ({}),
      update: () => ({ updates: {}, state: {} }),
    } as const;
    expect(() => strategyCode(linearProbe({ optimizer: mine as never }))).toThrow(/optimizer "mine"/);
    expect(() => strategyCode([] as never)).toThrow(/empty/);
  });
});
