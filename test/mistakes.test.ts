import { inspect } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { loadAdapter, loadDelta, merge, unmerge } from '../src/adapters/index.ts';
import { hScore, interpolationCurve, learn, nce, nearestMean, sweep } from '../src/analyse/index.ts';
import { cpu } from '../src/backends/cpu.ts';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import { earlyStopping } from '../src/core/callbacks.ts';
import type { Examples } from '../src/core/data.ts';
import { TransferError } from '../src/core/errors.ts';
import { gradualUnfreeze } from '../src/core/gradual-unfreeze.ts';
import { accuracy, auc, f1, type Metric, meanAbsoluteError, topK } from '../src/core/metrics.ts';
import { linearProbe, surgical } from '../src/core/recipes.ts';
import { sequence, train } from '../src/core/strategy.ts';
import { augmentExamples, flip, splitExamples } from '../src/data/index.ts';
import { classifier, multiLabel, regressor, tokenClassifier } from '../src/heads/index.ts';
import { attachHead } from '../src/model/attach-head.ts';
import { dispose } from '../src/model/dispose.ts';
import { interpolate } from '../src/model/interpolate.ts';
import { loadBase } from '../src/model/load-base.ts';
import { saveModel } from '../src/model/save-model.ts';
import { summary } from '../src/model/summary.ts';
import { useBackend } from '../src/model/use-backend.ts';
import { imageFolder, labelledPictures } from '../src/node/index.ts';
import { cosineSimilarity, loadTokenizer, saveHuggingFace } from '../src/text/index.ts';
import { auto } from '../src/train/auto.ts';
import { chain, clipByGlobalNorm } from '../src/train/chain.ts';
import { evaluate } from '../src/train/evaluate.ts';
import { explain } from '../src/train/explain.ts';
import { fineTune } from '../src/train/fine-tune.ts';
import { adam } from '../src/train/optimizers.ts';
import { predict } from '../src/train/predict.ts';
import { textFolder } from './support/encoders.ts';
import { examplesOf } from './support/examples.ts';

// What a first user tried, and what gave a wrong answer or none of our words.
beforeAll(() => useBackend(cpu()));

const size = 16;
const examples = (targets: readonly (number | readonly number[])[]) =>
  examplesOf([tf.ones([targets.length, size, size, 3])], targets);
const model = () => attachHead(classifier(['cat', 'dog']))(tinyCnn({ size }));

test('labels in another order than those of the data are refused', async () => {
  const data = { train: examples([0, 1]), labels: ['dog', 'cat'] };
  await expect(fineTune(model(), data, linearProbe({ epochs: 1 }))).rejects.toThrow(
    /data has the classes dog, cat; the head has cat, dog.*classifier\(data\.labels\)/,
  );
  const right = { ...data, labels: ['cat', 'dog'] };
  expect((await fineTune(model(), right, linearProbe({ epochs: 1 }))).ended).toBe('completed');
});

test('the accuracy of a regressor is refused', async () => {
  const regression = attachHead(regressor(['age']))(tinyCnn({ size }));
  const asked = evaluate(regression, examples([[1], [2]]), { metrics: [accuracy()] });
  await expect(asked).rejects.toThrow(/accuracy received an outcome of regression.*Use meanAbsoluteError\(\)/);
});

test.each([
  ['accuracy of a regressor', regressor(['age']), accuracy(), 'INVALID_ARGUMENT'],
  ['f1 of a regressor', regressor(['age']), f1(), 'INVALID_ARGUMENT'],
  ['topK of labels that may be on together', multiLabel(['red']), topK(1), 'INVALID_ARGUMENT'],
  ['auc of a label that is not there', multiLabel(['red']), auc('blue'), 'NOT_FOUND'],
])('%s is refused before a run or a pass reads an example', async (_, head, metric, code) => {
  const unread: Examples = {
    ...examples([[1], [0]]),
    read: () => {
      throw new Error('an example was read');
    },
  };
  const asked = attachHead(head)(tinyCnn({ size }));
  const tensors = tf.memory().numTensors;
  const strategy = sequence(linearProbe({ epochs: 1 }), train({ epochs: 1, metrics: [metric] }));
  const data = { train: unread, validation: unread };
  await expect(fineTune(asked, data, strategy)).rejects.toMatchObject({ code });
  expect(() => explain(asked, strategy)).toThrow(metric.name);
  await expect(evaluate(asked, unread, { metrics: [metric] })).rejects.toMatchObject({ code });
  await expect(interpolationCurve(asked, asked, unread, { metric })).rejects.toMatchObject({ code });
  await expect(sweep(asked, [linearProbe({ epochs: 1 })], data, { metric, budget: 1 })).rejects.toMatchObject({ code });
  expect(tf.memory().numTensors).toBe(tensors);
});

test('a classifier of tokens is measured by what measures classes', async () => {
  const tokens = attachHead(tokenClassifier(['A', 'B']))(await loadBase(textFolder('tiny-bert'), { cut: 'tokens' }));
  const of = (metric: Metric) => () => explain(tokens, linearProbe({ epochs: 1, metrics: [metric] }));
  expect(of(topK(1))).not.toThrow();
  expect(of(meanAbsoluteError())).toThrow(/meanAbsoluteError received an outcome of classification/);
});

test('NaN is no input of a prediction, and leaves no tensor', async () => {
  const asked = model();
  const input = tf.fill([size, size, 3], Number.NaN);
  const tensors = tf.memory().numTensors;
  await expect(predict(asked, input)).rejects.toThrow(/the input holds NaN or Infinity/);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('data in place of a split, and the result of a run in place of its model, are named', async () => {
  const data = { train: examples([0, 1]) };
  await expect(evaluate(model(), data as never)).rejects.toThrow(/given split is no examples.*data\.validation/);
  await expect(predict({ model: model() } as never, tf.ones([size, size, 3]))).rejects.toThrow(
    /in place of a model. Pass what .* or a run's \.model/,
  );
});

test('a metric to monitor without a validation split is refused, and the loss is none of them', async () => {
  const run = (monitor: string) =>
    fineTune(model(), { train: examples([0, 1]) }, linearProbe({ epochs: 1, callbacks: [earlyStopping({ monitor })] }));
  await expect(run('acuracy')).rejects.toThrow(/monitors 'acuracy'.*It measures loss\..*needs a validation split/);
  expect((await run('loss')).ended).toBe('completed');
});

test.each([
  [{ optimizer: 'adam' }, /no optimizer as optimizer; pass adam\(\)/],
  [{ schedule: 'cosine' }, /no schedule as schedule; pass cosine\(\)/],
  [{ loss: 'x' }, /no loss as loss; pass softmaxCrossEntropy\(\)/],
  [{ metrics: ['accuracy'] }, /no metric as metrics; pass \[accuracy\(\)\]/],
  [{ callbacks: [() => {}] }, /no callback as callbacks; pass \[earlyStopping\(\)\]/],
])('train refuses %j before anything runs', (settings, message) => {
  expect(() => train({ epochs: 1, ...settings } as never)).toThrow(message);
});

test('an event and a model are written as JSON, the tensors left out', async () => {
  const written: string[] = [];
  const { model: tuned } = await fineTune(model(), { train: examples([0, 1]) }, linearProbe({ epochs: 1 }), {
    onEvent: (event) => written.push(JSON.stringify(event)),
  });
  expect(JSON.parse(written.at(-1) ?? '')).toMatchObject({ kind: 'done', model: { head: { labels: ['cat', 'dog'] } } });
  for (const handle of [tuned, tinyCnn({ size })])
    expect(JSON.parse(JSON.stringify(handle))).not.toHaveProperty('lease');
});

test('a printed error shows where it is explained, and no model where there is none', () => {
  const printed = inspect(new TransferError('INVALID_DATA', 'no'));
  expect(printed).toMatch(/docs: 'https:.*INVALID_DATA\.md'/);
  expect(printed).not.toMatch(/model/);
});

const tokens = { shape: [null], dtype: 'int32', scale: 1, offset: 0 } as const;
const plain = (value: unknown) => value as never;
test.each([
  [
    'a callback alone',
    () => linearProbe(plain({ callbacks: earlyStopping() })),
    /received \[.*\], no callback as callbacks; pass \[/,
  ],
  [
    'a metric alone',
    () => linearProbe(plain({ metrics: accuracy() })),
    /received \[accuracy\], no metric as metrics; pass \[/,
  ],
  ['the word of an optimizer', () => train(plain({ epochs: 1, optimizer: 'adam' })), /received "adam", no optimizer/],
  [
    'an augmentation, not called',
    () => splitExamples(examples([0, 1]), { validation: 0, augment: plain(flip) }),
    /received \[flip\]\. Pass an augmentation/,
  ],
  [
    'the word of an augmentation',
    () => augmentExamples(examples([0, 1]), plain('flip')),
    /received "flip"\. Pass an aug/,
  ],
  ['no folder', () => imageFolder(plain(undefined)), /imageFolder received undefined in place of a folder/],
  ['nothing to dispose', () => dispose(plain(undefined)), /dispose received undefined, not a base or a model/],
  ['data to dispose', () => dispose(plain({ train: examples([0, 1]) })), /dispose received object, not a base/],
  ['data to describe', () => summary(plain({})), /summary received object, not a base/],
  [
    'no layers',
    () => (surgical as () => unknown)(),
    /surgical received undefined\. Pass an array, such as \['block1'\]/,
  ],
  ['no stages', () => gradualUnfreeze(plain(3), { epochs: 1 }), /gradualUnfreeze received 3\. Pass an array/],
  ['a phase, not called', () => sequence(plain(train)), /Step 1 of the strategy, \[train\],/],
  [
    'a recipe, not called',
    () => fineTune(model(), { train: examples([0, 1]) }, plain(linearProbe)),
    /The strategy is \[linearProbe\]\. Pass/,
  ],
  [
    'a missing tokenizer',
    () => loadTokenizer('flowers/'),
    /cannot be read.*Pass the folder of an encoder, with its tokenizer\.json/,
  ],
  ['a missing adapter', () => loadAdapter(model(), 'nowhere'), /Pass the folder that saveAdapter, or peft, wrote/],
  ['a missing delta', () => loadDelta(tinyCnn({ size }), 'nowhere'), /Pass the folder that saveDelta wrote/],
  [
    'the name of a package',
    () => loadBase('efficientnet-lite0'),
    /import \{ efficientNetLite0 \} from "@tfjs-transfer/,
  ],
  ['nothing to merge', () => merge(plain(undefined)), /merge received undefined, not a base/],
  ['a promise to merge', () => merge(plain(Promise.resolve(model()))), /merge received object, not a base.*await/],
  ['no updates to unmerge', () => unmerge(model(), plain(undefined)), /unmerge received undefined, not a base/],
  ['nothing to mix', () => interpolate(plain(undefined)), /interpolate received undefined\. Pass an array/],
  ['a backend alone', () => auto(plain(cpu()), model()), /auto received \[cpu\]\. Pass an array/],
  ['features without labels', () => hScore([[1], [2]], plain(undefined)), /hScore received 2 examples and 0 labels/],
  ['labels without others', () => nce([0, 1], plain(undefined)), /nce received 0 examples and 2 labels/],
  ['no labels', () => nce(plain(undefined), [0, 1]), /nce received 2 examples and 0 labels/],
  ['a vector alone', () => cosineSimilarity([1, 2], plain(undefined)), /vectors of 2 and no numbers/],
  ['no vectors', () => (cosineSimilarity as () => unknown)(), /vectors of no and no numbers/],
  ['an optimizer, not called', () => chain(clipByGlobalNorm(1), plain(adam)), /chain received \[adam\]\. Pass opt/],
  ['no optimizers', () => chain(), /chain received undefined\. Pass optimizers/],
  [
    'two metrics of one name, in a phase',
    () =>
      fineTune(
        model(),
        { train: examples([0, 1]), validation: examples([0, 1]) },
        sequence(train({ epochs: 1, metrics: [auc('cat'), auc('dog')] })),
      ),
    /two metrics named auc\. .*\{ \.\.\.auc\(\.\.\.\), name/,
  ],
  [
    'two metrics of one name, in an evaluation',
    () => evaluate(model(), examples([0, 1]), { metrics: [auc('cat'), auc('dog')] }),
    /two metrics named auc/,
  ],
  ['a base, not called', () => loadBase(plain(() => {})), /call functions/],
  [
    'a test split that was not made',
    () => evaluate(model(), plain(undefined)),
    /no examples \(undefined\)\. .*\{ test: 0\.2 \}/,
  ],
  [
    'a number for a regressor',
    () => fineTune(attachHead(regressor(['age']))(tinyCnn({ size })), { train: examples([1]) }, linearProbe()),
    /is 1; .*an array of 1 finite number, such as \[4\.5\]/,
  ],
  ['no tokenizer to save', () => saveHuggingFace(model(), 'x', plain(undefined)), /such as \{ tokenizer \}/],
  ['a file to save to', () => saveModel(model(), 'package.json'), /A file is in its place: choose a folder/],
  [
    'examples to learn from',
    () => learn(nearestMean(), plain(examples([0, 1])), plain(undefined), plain(undefined)),
    /learns from features.*featuresOf\(base, data\.train\)/,
  ],
  [
    'pictures for an encoder',
    () => labelledPictures([{ file: 'a.png', target: 0 }]).read([0], { inputs: [tokens, tokens] }),
    /reads text.*Pass textExamples/,
  ],
])('%s is named, in words of ours', async (_, call, said) => {
  await expect((async () => call())()).rejects.toThrow(said);
  await expect((async () => call())()).rejects.toBeInstanceOf(TransferError);
});
