import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../src/backends/cpu.ts';
import { node as nodeBackend } from '../src/backends/node.ts';
import { wasm } from '../src/backends/wasm.ts';
import { webgl } from '../src/backends/webgl.ts';
import { webgpu } from '../src/backends/webgpu.ts';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import * as data from '../src/data/index.ts';
import * as heads from '../src/heads/index.ts';
import * as core from '../src/index.ts';
import * as node from '../src/node/index.ts';
import { imageFiles as readFiles } from '../src/web/image-files.ts';
import { snapshot as takeSnapshot } from '../src/web/snapshot.ts';
import { videoFrames as takeFrames } from '../src/web/video-frames.ts';

// Plain JavaScript, where no type refuses any of it.
type Any = (...values: unknown[]) => unknown;
const plain = <Functions extends object>(functions: Functions) =>
  functions as unknown as Readonly<Record<keyof Functions, Any>>;

const { train, linearProbe, probeThenTune, gradualUnfreeze, fineTune, fineTuneSteps } = plain(core);
const { softmaxCrossEntropy, binaryCrossEntropy, adam, adamw, sgd, rmsprop, constant, linear, cosine, oneCycle } =
  plain(core);
const { earlyStopping, reduceLROnPlateau, bestWeights, loadBase, asBase, loadModel } = plain(core);
const { tinyCnn: base } = plain({ tinyCnn });
const { imageFolder } = plain(node);
const { imageFiles, snapshot, videoFrames } = plain({
  imageFiles: readFiles,
  snapshot: takeSnapshot,
  videoFrames: takeFrames,
});
const { splitExamples, augmentExamples, crop, colour, rotate } = plain(data);
const { classifier, regressor, multiLabel, mlp } = plain(heads);
const { cpu: plainCpu, wasm: plainWasm, webgl: plainWebgl, webgpu: plainWebgpu } = plain({ cpu, wasm, webgl, webgpu });
const { node: plainNode } = plain({ node: nodeBackend });

/** A call with a model, which is disposed of after it. */
async function withModel(call: (functions: typeof core, model: core.TransferModel) => unknown): Promise<unknown> {
  const bare = tinyCnn({ size: 16 });
  const model = core.attachHead(heads.classifier(['dark', 'light']))(bare);
  try {
    return await call(core, model);
  } finally {
    core.dispose(model);
    core.dispose(bare);
  }
}
const predict = (settings: unknown) =>
  withModel(({ predict }, model) => predict(model, {} as never, settings as never));
const evaluate = (settings: unknown) =>
  withModel(({ evaluate }, model) => evaluate(model, {} as never, settings as never));
const saveModel = (settings: unknown) => withModel(({ saveModel }, model) => saveModel(model, 'x', settings as never));

beforeAll(() => core.useBackend(cpu()));

type Case = readonly [name: string, call: () => unknown, sentence: string];

const cases: readonly Case[] = [
  [
    'a short name',
    () => train({ epochs: 1, lr: 1 }),
    'train received lr, which it does not know. Known: epochs, learningRate, batchSize, optimizer, schedule, loss, penalties, mix, callbacks, metrics, views. Did you mean learningRate?',
  ],
  ['other capitals', () => train({ epochs: 1, batchsize: 1 }), 'train received batchsize, which it does not know.'],
  ['a stranger', () => train({ epochs: 1, '(': 1 }), 'callbacks, metrics, views.'],
  ['no settings', () => train(), 'train received undefined as its settings. Pass an object, such as { epochs: 10 }.'],
  ['a number', () => train(5), 'train received 5 as its settings. Pass an object, such as { epochs: 10 }.'],
  ['null', () => train(null), 'train received null as its settings.'],
  ['an array', () => train([]), 'train received [Array] as its settings.'],
  ['a text for epochs', () => train({ epochs: '5' }), 'train received epochs: "5". Pass a value of type number.'],
  ['linearProbe', () => linearProbe({ epoch: 1 }), 'linearProbe received epoch, which it does not know.'],
  ['linearProbe of 5', () => linearProbe(5), 'linearProbe received 5 as its settings.'],
  ['probeThenTune', () => probeThenTune({ epochs: 1 }), 'probeThenTune received epochs, which it does not know.'],
  ['its probe', () => probeThenTune({ probe: { lr: 1 } }), 'probe of probeThenTune received lr,'],
  ['its tune', () => probeThenTune({ tune: 5 }), 'probeThenTune received tune: 5. Pass a value of type object.'],
  ['gradualUnfreeze', () => gradualUnfreeze([1], { epochs: 1, lr: 1 }), 'gradualUnfreeze received lr,'],
  ['gradualUnfreeze of none', () => gradualUnfreeze([1]), 'gradualUnfreeze received undefined as its settings.'],
  ['fineTune', () => fineTune({}, {}, [], { onevent: 1 }), 'Did you mean onEvent?'],
  [
    'onEvent',
    () => fineTune({}, {}, [], { onEvent: 5 }),
    'fineTune received onEvent: 5. Pass a value of type function.',
  ],
  [
    'a controller for its signal',
    () => fineTune({}, {}, [], { signal: new AbortController() }),
    'fineTune received signal: [AbortController]. Pass a value of type AbortSignal.',
  ],
  ['a function for settings', () => fineTune({}, {}, [], () => {}), 'fineTune received [Function] as its settings.'],
  [
    'fineTuneSteps',
    () => (fineTuneSteps({}, {}, [], { seeds: 1 }) as AsyncGenerator).next(),
    'fineTuneSteps received seeds, which it does not know. Known: seed, signal, cacheBytes, featureStore, workers. Did you mean seed?',
  ],
  ['tinyCnn', () => base({ sizes: 5 }), 'tinyCnn received sizes,'],
  ['tinyCnn of a number', () => base(16), 'tinyCnn received 16 as its settings. Pass an object, such as { size: 64 }.'],
  ['a text for a size', () => base({ size: '16' }), 'tinyCnn received size: "16". Pass a value of type number.'],
  ['imageFolder', () => imageFolder('x', { validationSplit: 0 }), 'Did you mean validation?'],
  [
    'imageFolder of text labels',
    () => imageFolder('x', { labels: 'a' }),
    'imageFolder received labels: "a". Pass a value of type array.',
  ],
  ['imageFiles', () => imageFiles([], { split: 0 }), 'imageFiles received split,'],
  ['splitExamples', () => splitExamples({}, { augmentation: [] }), 'Did you mean augment?'],
  ['splitExamples of labels', () => splitExamples({}, { labels: [] }), 'Known: validation, test, seed, augment.'],
  ['augmentExamples', () => augmentExamples({}, [], 7), 'Pass an object, such as { seed: 7 }.'],
  [
    'predict',
    () => predict({ topk: 1 }),
    'predict received topk, which it does not know. Known: topK. Did you mean topK?',
  ],
  ['a text for topK', () => predict({ topK: '1' }), 'predict received topK: "1". Pass a value of type number.'],
  ['topK: 0', () => predict({ topK: 0 }), 'predict received topK: 0. Pass a whole number from 1.'],
  ['topK: 1.5', () => predict({ topK: 1.5 }), 'predict received topK: 1.5. Pass a whole number from 1.'],
  ['evaluate', () => evaluate({ metric: [] }), 'Did you mean metrics?'],
  [
    'a text for metrics',
    () => evaluate({ metrics: 'accuracy' }),
    'evaluate received metrics: "accuracy". Pass a value of type array.',
  ],
  ['texts as metrics', () => evaluate({ metrics: ['accuracy'] }), 'no metric as metrics; pass [accuracy()].'],
  ['classifier', () => classifier(['a', 'b'], { drop: 0.5 }), 'classifier received drop,'],
  ['multiLabel', () => multiLabel(['a'], 0.5), 'multiLabel received 0.5 as its settings.'],
  ['regressor', () => regressor(['a'], { seed: '1' }), 'regressor received seed: "1". Pass a value of type number.'],
  ['mlp', () => mlp({}, { units: [1] }), 'mlp received units,'],
  ['mlp of none', () => mlp({}), 'mlp received undefined as its settings. Pass an object, such as { hidden }.'],
  ['adam', () => adam({ beta_1: 0.9 }), 'adam received beta_1, which it does not know. Known: beta1,'],
  ['adam of a rate', () => adam(1e-3), 'adam received 0.001 as its settings.'],
  ['adamw', () => adamw({ weight_decay: 1 }), 'adamw received weight_decay,'],
  ['sgd', () => sgd({ nesterov: 1 }), 'sgd received nesterov: 1. Pass a value of type boolean.'],
  ['rmsprop', () => rmsprop({ decay: 1 }), 'rmsprop received decay,'],
  [
    'softmaxCrossEntropy',
    () => softmaxCrossEntropy({ labelSmothing: 0.1 }),
    'softmaxCrossEntropy received labelSmothing, which it does not know. Known: labelSmoothing, gamma, classWeights.',
  ],
  ['binaryCrossEntropy', () => binaryCrossEntropy(0.1), 'Pass an object, such as { labelSmoothing: 0.1 }.'],
  ['snapshot', () => snapshot({}, { sise: 224 }), 'snapshot received sise, which it does not know. Known: size.'],
  ['a text for the size of a snapshot', () => snapshot({}, { size: '9' }), 'Pass a value of type number.'],
  ['a snapshot of no size', () => snapshot({}, { size: 0 }), 'snapshot received size: 0. Pass a whole number from 1.'],
  ['videoFrames', () => (videoFrames({}, { sise: 1 }) as AsyncGenerator).next(), 'Known: size, signal.'],
  ['constant', () => constant({ warmUp: 1, x: 1 }), 'constant received warmUp,'],
  ['linear', () => linear(5), 'linear received 5 as its settings.'],
  ['cosine', () => cosine({ warmup: '5' }), 'cosine received warmup: "5". Pass a value of type number.'],
  ['oneCycle', () => oneCycle({ pct_start: 1 }), 'Did you mean pctStart?'],
  ['earlyStopping', () => earlyStopping({ patients: 1 }), 'earlyStopping received patients,'],
  ['earlyStopping of 3', () => earlyStopping(3), 'Pass an object, such as { patience: 5 }.'],
  ['reduceLROnPlateau', () => reduceLROnPlateau({ min_delta: 1 }), 'Did you mean minDelta?'],
  ['bestWeights', () => bestWeights({ monitor: 5 }), 'bestWeights received monitor: 5. Pass a value of type string.'],
  ['loadBase', () => loadBase('x', { onprogress: 1 }), 'Did you mean onProgress?'],
  ['asBase', () => asBase({}, { onProgress: 1 }), 'asBase received onProgress, which it does not know.'],
  ['loadModel', () => loadModel('x', { signal: 1 }), 'loadModel received signal: 1. Pass a value of type AbortSignal.'],
  ['saveModel', () => saveModel({ overwrite: true }), 'saveModel received overwrite,'],
  ['cpu', () => plainCpu({ library: 1 }), 'cpu received library,'],
  ['wasm', () => plainWasm('/wasm/'), 'wasm received "/wasm/" as its settings.'],
  ['webgl', () => plainWebgl({ lib: {} }), 'webgl received lib: [Object]. Pass a value of type function.'],
  ['webgpu', () => plainWebgpu({ power: 1 }), 'webgpu received power,'],
  ['node', () => plainNode({ gpu: true }), 'node received gpu,'],
  ['crop', () => crop({ size: 1 }), 'crop received size,'],
  ['rotate', () => rotate({ angle: 1 }), 'rotate received angle,'],
  ['colour', () => colour({ hue: 1 }), 'colour received hue,'],
];

test.each(cases)('%s', async (_, call, sentence) => {
  const tensors = tf.memory().numTensors;
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(core.TransferError);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(sentence) });
  expect(tf.memory().numTensors).toBe(tensors);
});

test('a setting that is undefined is one that was left out', () => {
  expect(() => train({ epochs: 1, batchSize: undefined })).not.toThrow();
});
