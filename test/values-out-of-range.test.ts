import { expect, test } from 'vitest';
import * as core from '../src/index.ts';

// Plain JavaScript, where no type refuses any of it.
type Any = (...values: unknown[]) => unknown;
const plain = <Functions extends object>(functions: Functions) =>
  functions as unknown as Readonly<Record<keyof Functions, Any>>;
const { softmaxCrossEntropy, binaryCrossEntropy, topK, clipByGlobalNorm, adam, adamw, sgd, rmsprop } = plain(core);
const { earlyStopping, reduceLROnPlateau, bestWeights } = plain(core);
const { constant, linear, cosine, oneCycle, slantedTriangular } = plain(core);

type Case = readonly [call: () => unknown, sentence: string];

const cases: readonly Case[] = [
  [
    () => softmaxCrossEntropy({ labelSmoothing: 5 }),
    'softmaxCrossEntropy received labelSmoothing: 5. Pass a number from 0 to below 1.',
  ],
  [() => binaryCrossEntropy({ labelSmoothing: 1 }), 'binaryCrossEntropy received labelSmoothing: 1.'],
  [() => softmaxCrossEntropy({ gamma: -2 }), 'softmaxCrossEntropy received gamma: -2. Pass a number from 0.'],
  [() => earlyStopping({ patience: -1 }), 'earlyStopping received patience: -1. Pass a whole number from 1.'],
  [() => earlyStopping({ patience: 0 }), 'earlyStopping received patience: 0.'],
  [() => earlyStopping({ minDelta: -0.1 }), 'earlyStopping received minDelta: -0.1. Pass a number from 0.'],
  [() => bestWeights({ minDelta: Number.NaN }), 'bestWeights received minDelta: NaN.'],
  [
    () => reduceLROnPlateau({ factor: 10 }),
    'reduceLROnPlateau received factor: 10. Pass a number above 0 and below 1.',
  ],
  [() => reduceLROnPlateau({ factor: 0 }), 'reduceLROnPlateau received factor: 0.'],
  [() => reduceLROnPlateau({ patience: 1.5 }), 'reduceLROnPlateau received patience: 1.5.'],
  [() => adam({ beta1: 5 }), 'adam received beta1: 5. Pass a number from 0 to below 1.'],
  [() => adam({ beta2: 1 }), 'adam received beta2: 1.'],
  [() => adam({ epsilon: -1 }), 'adam received epsilon: -1. Pass a number from 0.'],
  [() => adam({ convention: 'torch' }), `adam received convention: "torch". Pass 'keras' or 'pytorch'.`],
  [() => adamw({ weightDecay: -1 }), 'adamw received weightDecay: -1. Pass a number from 0.'],
  [() => adamw({ decays: 'none' }), `adamw received decays: "none". Pass 'all' or 'matrices'.`],
  [() => sgd({ momentum: 1 }), 'sgd received momentum: 1. Pass a number from 0 to below 1.'],
  [() => rmsprop({ rho: -0.1 }), 'rmsprop received rho: -0.1.'],
  [() => rmsprop({ epsilon: Infinity }), 'rmsprop received epsilon: Infinity.'],
  [() => topK(0), 'topK received k: 0. Pass a whole number from 1.'],
  [() => topK('5'), 'topK received k: "5".'],
  [() => clipByGlobalNorm(), 'clipByGlobalNorm received maximum: undefined. Pass a number above 0.'],
  [() => clipByGlobalNorm(0), 'clipByGlobalNorm received maximum: 0.'],
  [() => linear({ warmup: -5 }), 'linear received warmup: -5. Pass a whole number from 0.'],
  [() => cosine({ warmup: 0.1 }), 'cosine received warmup: 0.1.'],
  [() => constant({ warmup: Infinity }), 'constant received warmup: Infinity.'],
  [() => oneCycle({ pctStart: 3 }), 'oneCycle received pctStart: 3. Pass a number from 0 to 1.'],
  [() => oneCycle({ div: 0 }), 'oneCycle received div: 0. Pass a number above 0.'],
  [() => oneCycle({ finalDiv: -1 }), 'oneCycle received finalDiv: -1.'],
  [
    () => oneCycle({ momentums: [0.95] }),
    'oneCycle received momentums[1]: undefined. Pass a number from 0 to below 1.',
  ],
  [
    () => slantedTriangular({ cutFraction: 2 }),
    'slantedTriangular received cutFraction: 2. Pass a number from 0 to 1.',
  ],
  [() => slantedTriangular({ ratio: 0 }), 'slantedTriangular received ratio: 0. Pass a number above 0.'],
];

test.each(cases)('%s', (call, message) => {
  let error: unknown;
  try {
    call();
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(core.TransferError);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
});

test('what lies at the ends of a range is taken', () => {
  core.softmaxCrossEntropy({ labelSmoothing: 0, gamma: 0 });
  core.earlyStopping({ patience: 1, minDelta: 0 });
  core.adamw({ beta1: 0, beta2: 0, epsilon: 0, weightDecay: 0, convention: 'pytorch', decays: 'matrices' });
  core.sgd({ momentum: 0 });
  core.oneCycle({ pctStart: 0 });
  core.oneCycle({ pctStart: 1, momentums: [0.95, 0] });
  core.slantedTriangular({ cutFraction: 0 });
  core.linear({ warmup: 0 });
});
