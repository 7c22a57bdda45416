import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { OptimizerState } from '../../src/core/optimizer.ts';
import {
  accuracy,
  adam,
  adamw,
  auc,
  averagedWeights,
  batchNorm,
  bestWeights,
  binaryCrossEntropy,
  type Callback,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  discriminative,
  dispose,
  type Edit,
  type EpochRecord,
  earlyStopping,
  f1,
  freeze,
  gradualUnfreeze,
  lastWeights,
  linear,
  linearProbe,
  type Metric,
  meanAbsoluteError,
  meanSquaredError,
  type Optimizer,
  oneCycle,
  type Phase,
  precision,
  probeThenTune,
  recall,
  reduceLROnPlateau,
  rmsprop,
  type Schedule,
  type Strategy,
  sequence,
  sgd,
  softmaxCrossEntropy,
  strategyFromJSON,
  swaWeights,
  topK,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';

beforeAll(() => useBackend(cpu()));

/** Reads a strategy back, from text and from what the text was parsed to, and expects JSON to be the same again. */
function revived(strategy: Strategy): Strategy {
  const text = JSON.stringify(strategy);
  const read = strategyFromJSON(text);
  expect(JSON.stringify(read)).toBe(text);
  expect(JSON.stringify(strategyFromJSON(JSON.parse(text)))).toBe(text);
  expect(read.map(({ kind, name }) => ({ kind, name }))).toEqual(strategy.map(({ kind, name }) => ({ kind, name })));
  return read;
}

const phaseOf = (strategy: Strategy) => strategy.at(-1) as Phase;
const inPhase = (settings: Partial<Phase>) => phaseOf(revived([train({ epochs: 1, ...settings })]));

describe('every edit comes back and does the same', () => {
  const edits: readonly Edit[] = [
    freeze(),
    unfreeze(),
    unfreezeTop(2),
    unfreezeTop('block3'),
    batchNorm('frozen'),
    batchNorm('statistics'),
    batchNorm('train'),
    discriminative(),
    discriminative({ decay: 0.25 }),
  ];
  test.each(edits.map((edit) => [JSON.stringify(edit), edit] as const))('%s', (_, edit) => {
    const [again] = revived(sequence(edit, train({ epochs: 1 })));
    const base = tinyCnn({ size: 16 });
    const start = unfreezeTop(1)(base);
    expect((again as Edit)(start).settings).toEqual(edit(start).settings);
    dispose(base);
  });
});

describe('every optimizer comes back and does the same', () => {
  const optimizers: readonly Optimizer[] = [
    sgd(),
    sgd({ momentum: 0.9 }),
    sgd({ momentum: 0.8, nesterov: true }),
    adam(),
    adam({ beta1: 0.8, beta2: 0.99, epsilon: 1e-3, convention: 'pytorch' }),
    adamw(),
    adamw({ weightDecay: 0.1, beta1: 0.5 }),
    adamw({ weightDecay: 0.2, decays: 'matrices' }),
    rmsprop(),
    rmsprop({ rho: 0.5, epsilon: 1e-3 }),
    chain(clipByGlobalNorm(0.5), adam()),
    chain(clipByGlobalNorm(2), chain(clipByGlobalNorm(1), sgd({ momentum: 0.9 }))),
  ];
  /** Where three steps lead. */
  const path = (optimizer: Optimizer) =>
    tf.tidy(() => {
      const parameters = { w: tf.tensor1d([1, -2, 3]) };
      let state: OptimizerState = optimizer.init(parameters);
      return [1, 2, 3].flatMap((step) => {
        const result = optimizer.update({ w: tf.tensor1d([0.3 * step, -0.1, 2]) }, state, parameters, 0.1);
        state = result.state;
        return [...(result.updates.w as tf.Tensor).dataSync()];
      });
    });
  test.each(optimizers.map((optimizer) => [JSON.stringify(optimizer), optimizer] as const))('%s', (_, optimizer) => {
    const again = inPhase({ optimizer }).optimizer as Optimizer;
    expect(path(again)).toEqual(path(optimizer));
  });
});

describe('every schedule comes back and does the same', () => {
  const schedules: readonly Schedule[] = [
    constant(),
    constant({ warmup: 3 }),
    linear({ warmup: 2 }),
    cosine(),
    cosine({ warmup: 4 }),
    oneCycle(),
    oneCycle({ pctStart: 0.5, div: 10, finalDiv: 100 }),
  ];
  const rates = (schedule: Schedule) => Array.from({ length: 12 }, (_, step) => schedule.rateAt(0.1, step, 12));
  test.each(schedules.map((schedule) => [JSON.stringify(schedule), schedule] as const))('%s', (_, schedule) => {
    expect(rates(inPhase({ schedule }).schedule as Schedule)).toEqual(rates(schedule));
  });
});

describe('every callback comes back and does the same', () => {
  const callbacks: readonly Callback[] = [
    earlyStopping(),
    earlyStopping({ monitor: 'accuracy', patience: 2, minDelta: 0.1 }),
    reduceLROnPlateau(),
    reduceLROnPlateau({ monitor: 'loss', factor: 0.5, patience: 1 }),
    bestWeights(),
    bestWeights({ monitor: 'accuracy' }),
    lastWeights(),
    averagedWeights(),
    averagedWeights({ decay: 0.5 }),
    swaWeights({ from: 1 }),
  ];
  const epochs = [3, 2, 2.5, 2, 2, 2, 2, 1].map(
    (loss, epoch): EpochRecord => ({ epoch, loss, learningRate: 1, validation: { loss, metrics: { accuracy: loss } } }),
  );
  const verdicts = (callback: Callback) => epochs.map(callback.start());
  test.each(callbacks.map((callback) => [JSON.stringify(callback), callback] as const))('%s', (_, callback) => {
    const [again] = inPhase({ callbacks: [callback] }).callbacks as [Callback];
    expect(verdicts(again)).toEqual(verdicts(callback));
    const shares = ({ average }: Callback) => [0, 1, 2].map((count) => average?.().share(count));
    expect(shares(again)).toEqual(shares(callback));
  });
});

test('every metric comes back and does the same', () => {
  const metrics = [accuracy(), topK(1), topK(5), precision(), recall(), f1(), auc('b'), meanAbsoluteError()];
  const outcome = {
    task: 'classification',
    labels: ['a', 'b'],
    scores: [Float32Array.of(0.9, 0.1), Float32Array.of(0.2, 0.8), Float32Array.of(0.6, 0.4)],
    targets: [0, 1, 1],
  } as const;
  const computed = (all: readonly Metric[]) =>
    all.filter(({ name }) => name !== 'meanAbsoluteError').map((metric) => metric.compute(outcome));
  expect(computed(inPhase({ metrics }).metrics as readonly Metric[])).toEqual(computed(metrics));
});

test.each([
  softmaxCrossEntropy(),
  softmaxCrossEntropy({ labelSmoothing: 0.1, classWeights: [1, 2] }),
  binaryCrossEntropy({ classWeights: [1, 4] }),
  meanSquaredError(),
])('the loss %j comes back', (loss) => {
  expect(inPhase({ loss }).loss).toEqual(loss);
});

test.each<[string, Strategy]>([
  ['linearProbe', linearProbe()],
  ['linearProbe with settings', linearProbe({ epochs: 3, learningRate: 1e-2, batchSize: 7, views: 2 })],
  ['probeThenTune', probeThenTune()],
  [
    'probeThenTune with settings',
    probeThenTune({ top: 'block2', probe: { epochs: 1 }, tune: { epochs: 2, schedule: cosine({ warmup: 1 }) } }),
  ],
  ['gradualUnfreeze', gradualUnfreeze([0, 1, 'block2'], { epochs: 2, callbacks: [earlyStopping()] })],
  ['a sequence of recipes', sequence(linearProbe(), unfreeze(), probeThenTune({ top: 1 }))],
])('%s comes back', (_, strategy) => {
  revived(strategy);
});

describe('what is no strategy of this library is refused', () => {
  const phase = train({ epochs: 1 });
  const chained = (given: object) => ({ ...phase, optimizer: { kind: 'optimizer', name: 'chain', ...given } });
  const own = { ...phase, optimizer: { kind: 'optimizer', name: 'mine' } };
  test.each<[string, unknown, string, RegExp]>([
    ['an unknown edit', [{ kind: 'edit', name: 'mine' }, phase], 'INVALID_ARGUMENT', /edit "mine".*in code/],
    ['a name of Object', [{ kind: 'edit', name: 'constructor' }, phase], 'INVALID_ARGUMENT', /edit "constructor"/],
    ['an optimizer of one’s own', [own], 'INVALID_ARGUMENT', /optimizer "mine".*in code/],
    ['a string', ['freeze', phase], 'INVALID_ARGUMENT', /none of this library's/],
    ['nothing in it', [null, phase], 'INVALID_ARGUMENT', /none of this library's/],
    ['a phase without epochs', [{ kind: 'phase', name: 'train' }], 'INVALID_ARGUMENT', /epochs: undefined/],
    ['a policy that is none', [{ kind: 'edit', name: 'batchNorm', policy: 'no' }, phase], 'INVALID_ARGUMENT', /'no'/],
    ['no metric among metrics', [{ ...phase, metrics: [null] }], 'INVALID_ARGUMENT', /holds null/],
    [
      'callbacks that are no list',
      [{ ...phase, callbacks: {} }],
      'INVALID_ARGUMENT',
      /received \[Object\]\. Pass an array/,
    ],
    ['a chain of nothing', [chained({})], 'INVALID_ARGUMENT', /received undefined\. Pass an array/],
    ['a chain of null', [chained({ optimizers: [null] })], 'INVALID_ARGUMENT', /holds null/],
    ['no names', [{ kind: 'edit', name: 'unfreezeOnly' }, phase], 'INVALID_ARGUMENT', /undefined\. Pass an array/],
    ['no step', [], 'INVALID_ORDER', /empty/],
    ['an edit at its end', [phase, freeze()], 'INVALID_ORDER', /ends with the edit freeze/],
    ['no list', { kind: 'phase' }, 'INVALID_ARGUMENT', /The strategy is a single phase/],
  ])('%s', (_, json, code, message) => {
    const refusal = expect.objectContaining({ name: 'TransferError', code, message: expect.stringMatching(message) });
    expect(() => strategyFromJSON(JSON.stringify(json))).toThrow(refusal);
    expect(() => strategyFromJSON(JSON.parse(JSON.stringify(json)))).toThrow(refusal);
  });

  test.each(['', '[{"kind":', 'freeze'])('the text %j', (text) => {
    const message = expect.stringMatching(/no JSON.*JSON\.stringify/);
    expect(() => strategyFromJSON(text)).toThrow(
      expect.objectContaining({ name: 'TransferError', code: 'INVALID_ARGUMENT', message }),
    );
  });
});
