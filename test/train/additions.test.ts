import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BaseFeatures, featuresOf } from '../../src/analyse/features-of.ts';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { augmentExamples } from '../../src/data/augment-examples.ts';
import { flip } from '../../src/data/flip.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { multiLabel } from '../../src/heads/multi-label.ts';
import { regressor } from '../../src/heads/regressor.ts';
import {
  asBase,
  attachHead,
  batchNorm,
  coTuning,
  cutmix,
  delta,
  dispose,
  distillation,
  evaluate,
  explain,
  fineTune,
  l2SP,
  lastWeights,
  linearProbe,
  lrFind,
  mixup,
  type Phase,
  pipe,
  type RunSettings,
  type Strategy,
  sequence,
  softmaxCrossEntropy,
  strategyFromJSON,
  type TrainEvent,
  type TransferModel,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const count = 6;
const labels = ['a', 'b'];
const values = Float32Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919) % 256);
const pictures = fromArrays({ values, shape: [count, size, size, 3] }, [0, 1, 0, 1, 0, 1]);
const data = { train: pictures, validation: pictures };
const logits = Array.from({ length: count }, (_, i) => [Math.sin(i) * 3, Math.cos(i) * 3]);
const relation = {
  relation: [
    [0.7, 0.2, 0.1],
    [0.1, 0.3, 0.6],
  ],
  kernel: Array.from({ length: 128 * 3 }, (_, i) => Math.cos(5 * i) / 10),
  bias: [0.1, -0.2, 0.3],
};
const fresh = () => pipe(tinyCnn({ size }), attachHead(classifier(labels)));

const all: Readonly<Record<string, Partial<Phase>>> = {
  delta: { penalties: [delta({ alpha: 1 })] },
  'delta within': { penalties: [delta({ alpha: 1, layers: ['block3_depthwise_norm', 'block3_pointwise_relu'] })] },
  coTuning: { penalties: [coTuning(relation)] },
  distillation: { penalties: [distillation({ labels, logits }, { temperature: 3, alpha: 0.6 })] },
  mixup: { mix: mixup() },
  'mixup of two views': { mix: mixup(), views: 2 },
  cutmix: { mix: cutmix() },
  'all of them': {
    mix: cutmix(),
    views: 2,
    loss: softmaxCrossEntropy({ labelSmoothing: 0.1, gamma: 2, classWeights: [1, 2] }),
    penalties: [delta({ alpha: 1 }), coTuning(relation), distillation({ labels, logits }), l2SP()],
  },
};
const strategyOf = (phase: Partial<Phase>): Strategy =>
  sequence(linearProbe({ epochs: 1, batchSize: 4 }), unfreezeTop(2), train({ epochs: 3, batchSize: 4, ...phase }));

/** Every number of a model. */
function numbersOf(model: TransferModel): Record<string, Float32Array> {
  const { variables } = networkBehind(model);
  const keys = model.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
  return Object.fromEntries(
    keys.map((key) => [key, tensorOf(variables, model.lease.values, key).dataSync().slice() as Float32Array]),
  );
}

async function run(model: TransferModel, strategy: Strategy, settings: RunSettings = { seed: 5 }) {
  const events: TrainEvent[] = [];
  const { model: tuned, history } = await fineTune(model, data, strategy, {
    ...settings,
    onEvent: (event) => events.push(event),
  });
  const numbers = numbersOf(tuned);
  dispose(tuned);
  const losses = events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
  return { numbers, losses, history, events };
}

describe.each(Object.entries(all))('%s', (_, phase) => {
  test('changes what is learned, and nothing else: frozen weights, tensors, and bits of the same seed', async () => {
    const model = fresh();
    const before = numbersOf(model);
    const tensors = tf.memory().numTensors;
    const plain = await run(model, strategyOf({}));
    const first = await run(model, strategyOf(phase));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(first.losses).not.toEqual(plain.losses);
    expect(numbersOf(model)).toEqual(before);
    const frozen = Object.keys(first.history.frozen);
    expect(frozen.length).toBeGreaterThan(5);
    for (const key of frozen) expect(first.numbers[key]).toEqual(before[key]);
    // What is kept of features changes no bit of what is trained.
    const again = await run(model, strategyFromJSON(JSON.stringify(strategyOf(phase))));
    expect(again.numbers).toEqual(first.numbers);
    expect(again.losses).toEqual(first.losses);
    const other = await run(model, strategyOf(phase), { seed: 6 });
    expect(other.losses).not.toEqual(first.losses);
    dispose(model);
  });

  test('an abort in the middle leaves the model and no tensor', async () => {
    const model = fresh();
    const tensors = tf.memory().numTensors;
    const controller = new AbortController();
    const { model: tuned, ended } = await fineTune(model, data, strategyOf(phase), {
      signal: controller.signal,
      onEvent: (event) => event.kind === 'step' && event.phase === 1 && event.step === 2 && controller.abort(),
    });
    expect(ended).toBe('aborted');
    dispose(tuned);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });
});

test('WASM has the losses of cpu', async () => {
  const losses: number[][] = [];
  for (const backend of [cpu(), wasm()]) {
    await useBackend(backend);
    const model = fresh();
    losses.push((await run(model, strategyOf(all['all of them'] as Phase))).losses);
    dispose(model);
  }
  await useBackend(cpu());
  const [onCpu, onWasm] = losses as [number[], number[]];
  onCpu.forEach((loss, step) => {
    expect(Math.abs(loss - (onWasm[step] as number))).toBeLessThan(1e-3 * loss);
  });
});

test('delta holds the base to the start of the run, moving statistics included, whatever a phase before did', async () => {
  const model = fresh();
  const last = { batchSize: 6, callbacks: [lastWeights()] };
  const before = sequence(unfreeze(), batchNorm('train'), train({ epochs: 3, learningRate: 0.05, ...last }));
  const { model: between } = await fineTune(model, { train: pictures }, before);
  // What the base gives of the pictures, pooled by nothing: 1 x 1 is left of 16 x 16.
  const [then, now] = (await Promise.all([model, between].map((one) => featuresOf(asBase(one), pictures)))) as [
    BaseFeatures,
    BaseFeatures,
  ];
  const squares = then.values.reduce((sum, value, i) => sum + (value - (now.values[i] as number)) ** 2, 0);
  expect(squares).toBeGreaterThan(1);
  const held = (penalties: Phase['penalties'] = []) =>
    sequence(...before, batchNorm('frozen'), train({ epochs: 1, learningRate: 1e-9, penalties, ...last }));
  const [with_, without] = [await run(model, held([delta({ alpha: 2 })])), await run(model, held())];
  const added = (with_.losses.at(-1) as number) - (without.losses.at(-1) as number);
  expect(added / (squares / count)).toBeCloseTo(1, 3);
  dispose(between);
  dispose(model);
});

describe('the cache', () => {
  const features = (events: readonly TrainEvent[]) =>
    events.filter((event) => event.kind === 'features' && event.split === 'train').length;

  test('mixtures are not cached, and with views each is computed once: explain says so', async () => {
    const model = fresh();
    const phase = (settings: Partial<Phase>) =>
      sequence(unfreezeTop(1), train({ epochs: 4, batchSize: 6, ...settings }));
    expect(features((await run(model, phase({}))).events)).toBe(1);
    expect(features((await run(model, phase({ mix: mixup() }))).events)).toBe(0);
    expect(features((await run(model, phase({ mix: mixup(), views: 2 }))).events)).toBe(2);
    const [plain] = explain(model, phase({}), data);
    const [mixed] = explain(model, phase({ mix: mixup() }), data);
    const [views] = explain(model, phase({ mix: cutmix(), views: 2 }), data);
    const bytes = plain?.bytesPerExample as number;
    expect([plain, mixed, views].map((one) => one?.uncached)).toEqual([
      undefined,
      'mixup makes new inputs in every epoch; views: n makes n of each once',
      undefined,
    ]);
    expect([plain, mixed, views].map((one) => one?.cacheBytes)).toEqual([12 * bytes, 6 * bytes, 18 * bytes]);
    const augmented = { train: augmentExamples(pictures, flip()) };
    expect(explain(model, phase({}), augmented)[0]?.uncached).toMatch(/^augmentation makes new/);
    dispose(model);
  });

  test('mixtures of augmented views, cached or not, train to the same bits', async () => {
    const model = fresh();
    const augmented = { train: augmentExamples(pictures, flip(), { seed: 3 }) };
    const strategy = sequence(train({ epochs: 2, batchSize: 6, mix: mixup(), views: 2 }));
    const results = [];
    for (const cacheBytes of [2 ** 30, 0]) {
      const { model: tuned } = await fineTune(model, augmented, strategy, { cacheBytes });
      results.push(numbersOf(tuned));
      dispose(tuned);
    }
    expect(results[0]).toEqual(results[1]);
    dispose(model);
  });

  test('a phase that mixes and one that does not keep features apart, and each view its targets', async () => {
    const model = fresh();
    const augmented = { train: augmentExamples(pictures, flip(), { seed: 3 }) };
    const still = { epochs: 1, batchSize: 6, learningRate: 1e-9, views: 1 };
    const lossesOf = async (...phases: readonly Partial<Phase>[]) => {
      const [last, ...others] = phases.map((phase) => train({ ...still, ...phase })).reverse() as [Phase, ...Phase[]];
      const { model: tuned, history } = await fineTune(model, augmented, [...others.reverse(), last]);
      dispose(tuned);
      return history.phases.flatMap(({ epochs }) => epochs.map(({ loss }) => loss));
    };
    const close = (a: number | undefined, b: number | undefined) => Math.abs((a as number) - (b as number)) < 1e-5;
    const mix = mixup({ alpha: 5 });
    const [plain] = await lossesOf({});
    const [mixed] = await lossesOf({ mix });
    const [cut] = await lossesOf({ mix: cutmix() });
    expect([close(plain, mixed), close(mixed, cut)]).toEqual([false, false]);
    const all = await lossesOf({}, { mix }, {}, { mix: cutmix() }, { mix });
    expect(all.map((loss, i) => close(loss, [plain, mixed, plain, cut, mixed][i]))).toEqual(Array(5).fill(true));
    const [first, second, third, fourth] = await lossesOf({ mix, views: 2, epochs: 4 });
    expect([close(first, third), close(second, fourth), close(first, second)]).toEqual([true, true, false]);
    dispose(model);
  });
});

test('a teacher is what evaluate gives of it, and lrFind takes all of it', async () => {
  const model = fresh();
  const { outcome } = await evaluate(model, pictures);
  const penalties = [distillation(outcome, { alpha: 1 })];
  const { numbers } = await run(model, sequence(train({ epochs: 2, batchSize: 6, penalties })));
  // Who teaches himself has nothing to learn.
  const before = numbersOf(model);
  for (const key of ['head_logits/kernel', 'head_logits/bias']) {
    for (const [i, value] of numbers[key]?.entries() ?? []) expect(value).toBeCloseTo(before[key]?.[i] as number, 2);
  }
  const found = await lrFind(model, data, { phase: { penalties, mix: mixup() }, steps: 4 });
  expect(found.losses.every(Number.isFinite)).toBe(true);
  dispose(model);
});

describe('bad input', () => {
  test.each([
    ['a temperature of 0', () => distillation({ labels, logits }, { temperature: 0 }), /temperature above 0/],
    ['an alpha of 1.5', () => distillation({ labels, logits }, { alpha: 1.5 }), /alpha from 0 to 1/],
    ['an alpha of NaN', () => distillation({ labels, logits }, { alpha: Number.NaN }), /alpha from 0 to 1/],
    ['no teacher', () => distillation(undefined as never), /received no teacher/],
    ['a model as teacher', () => distillation({ kind: 'transfer' } as never), /received no teacher/],
    ['a delta below 0', () => delta({ alpha: -1 }), /number from 0/],
    ['weights without layers', () => delta({ channelWeights: [[1], [1]] }), /one row of weights for each layer/],
    ['a strength below 0', () => coTuning(relation, { strength: -1 }), /strength from 0/],
    ['no relation', () => coTuning({} as never), /no relation of classes/],
    ['a mixup of 0', () => mixup({ alpha: 0 }), /number above 0/],
    ['a cutmix of NaN', () => cutmix({ alpha: Number.NaN }), /number above 0/],
    ['no mix', () => train({ epochs: 1, mix: mixup as never }), /no mix as mix; pass mixup\(\)/],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });

  const bad: readonly [string, Partial<Phase>, string, RegExp][] = [
    [
      'a teacher of other classes',
      { penalties: [distillation({ labels: ['b', 'a'], logits })] },
      'INVALID_ARGUMENT',
      /teacher has the classes b, a; the head has a, b/,
    ],
    [
      'a teacher of fewer examples',
      { penalties: [distillation({ labels, logits: logits.slice(1) })] },
      'INVALID_DATA',
      /answers for 5 examples; the training split has 6/,
    ],
    [
      'a teacher who says NaN',
      { penalties: [distillation({ labels, logits: [[Number.NaN, 1], ...logits.slice(1)] })] },
      'INVALID_DATA',
      /row 0 of the teacher/,
    ],
    [
      'a relation of other classes',
      { penalties: [coTuning({ ...relation, relation: [[1, 0, 0]] })] },
      'INVALID_ARGUMENT',
      /has 1 new classes and 3 old ones; the head has 2/,
    ],
    [
      'an old head of another base',
      { penalties: [coTuning({ ...relation, kernel: [1, 2, 3] })] },
      'INVALID_ARGUMENT',
      /reads 1 features, and the base gives 128/,
    ],
    ['no such layer', { penalties: [delta({ layers: ['block9'] })] }, 'NOT_FOUND', /'block9' is no layer of the base/],
    [
      'too few channels',
      { penalties: [delta({ layers: ['block2_pointwise_relu'], channelWeights: [[1, 1]] })] },
      'INVALID_ARGUMENT',
      /channelWeights of block2_pointwise_relu are 2. Pass 64 numbers/,
    ],
  ];
  test.each(bad)('%s is refused before anything runs', async (_, phase, code, message) => {
    const model = fresh();
    const tensors = tf.memory().numTensors;
    const events: TrainEvent[] = [];
    const running = fineTune(model, data, strategyOf(phase), { onEvent: (event) => events.push(event) });
    await expect(running).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(events).toEqual([]);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });

  test.each([coTuning(relation), distillation({ labels, logits })])('$name is for classifiers', async (penalty) => {
    for (const head of [multiLabel(labels), regressor(labels)]) {
      const model = pipe(tinyCnn({ size }), attachHead(head));
      const targets = Array.from({ length: count }, () => [0, 1]);
      const examples = fromArrays({ values, shape: [count, size, size, 3] }, targets);
      const running = fineTune(model, { train: examples }, sequence(train({ epochs: 1, penalties: [penalty] })));
      await expect(running).rejects.toThrow(/no classes that exclude each other/);
      // Mixing and feature maps are for all.
      const phase = train({ epochs: 1, mix: mixup(), penalties: [delta()] });
      const { history, model: tuned } = await fineTune(model, { train: examples }, sequence(unfreezeTop(1), phase));
      expect(history.phases[0]?.epochs[0]?.loss).toBeGreaterThan(0);
      dispose(tuned);
      dispose(model);
    }
  });
});
