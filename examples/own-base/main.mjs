// A base of one's own: a small network learns four kinds of emoji from nothing, is saved, and is loaded again as the base
// of another task: the same things as another artist draws them, of which few examples are known. Does it help? The same
// network from random weights is trained beside it, on the same draws. `node main.mjs` takes some three minutes; `--quick`
// runs every step on less.
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  asBase,
  attachHead,
  batchNorm,
  dispose,
  evaluate,
  fineTune,
  lastWeights,
  linearProbe,
  loadModel,
  oneCycle,
  pipe,
  saveModel,
  sequence,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { tinyCnn } from 'tfjs-transfer/bases';
import { augmentExamples, flip, splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';

const quick = process.argv.includes('--quick');
const draws = quick ? 1 : 5;
const output = fileURLToPath(new URL('../../runs/own-base/', import.meta.url));
const emoji = fileURLToPath(new URL('../data/emoji/', import.meta.url));
const kinds = ['animal', 'food', 'tool', 'vehicle'];

/** An artist's pictures as examples. */
async function pictures(artist) {
  const lists = await Promise.all(kinds.map((kind) => readdir(`${emoji}${artist}/${kind}`)));
  const all = lists.flatMap((names, target) => names.map((name) => ({ target, name: `${kinds[target]}/${name}` })));
  const wanted = all.filter(({ name }, index) => name.endsWith('.png') && !(quick && index % 6));
  return labelledPictures(wanted.map(({ target, name }) => ({ file: `${emoji}${artist}/${name}`, target, name })));
}

await useBackend(wasm());
const size = 32;
const everything = (settings) => sequence(unfreeze(), batchNorm('train'), train(settings));

// 1. Train it from nothing, and save it. Nothing of the second task is seen.
const scratch = tinyCnn({ size, seed: 7 });
const first = splitExamples(await pictures('google'), { validation: 0.2, seed: 7, augment: flip() });
const pretraining = everything({ epochs: quick ? 2 : 40, learningRate: 5e-3, schedule: oneCycle() });
const start = pipe(scratch, attachHead(classifier(kinds)));
const { model: pretrained } = await fineTune(start, first, pretraining, { seed: 7 });
const { metrics } = await evaluate(pretrained, first.validation);
console.log(`1. ${kinds.join(', ')}: ${first.train.size} pictures to learn from, none known before`);
console.log(`   accuracy ${metrics.accuracy.toFixed(2)} on ${first.validation.size} kept apart`);
await saveModel(pretrained, output);
for (const handle of [pretrained, start]) dispose(handle);

// 2. Load it as a base, and learn the other artist's pictures from a tenth of them, several times over. The last weights
// count, so that no run chooses its best epoch by the pictures that it is measured on.
const loaded = await loadModel(output);
const base = asBase(loaded, { name: 'own-base' });
const settings = { batchSize: 16, callbacks: [lastWeights()] };
const [probe, tune] = quick ? [2, 1] : [30, 15];
const runs = {
  'own base, head alone': [base, linearProbe({ ...settings, epochs: probe + tune, learningRate: 3e-3 })],
  'own base, tuned': [
    base,
    sequence(
      linearProbe({ ...settings, epochs: probe, learningRate: 3e-3 }),
      unfreezeTop(4),
      train({ ...settings, epochs: tune, learningRate: 3e-4 }),
    ),
  ],
  'from scratch': [scratch, everything({ ...settings, epochs: probe + tune, learningRate: 3e-3 })],
};
const examples = await pictures('twitter');
const accuracies = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
for (let seed = 0; seed < draws; seed++) {
  const split = splitExamples(examples, { validation: 0, test: quick ? 0.5 : 0.9, seed });
  const data = { train: augmentExamples(split.train, flip()) };
  for (const [name, [from, strategy]] of Object.entries(runs)) {
    const model = pipe(from, attachHead(classifier(kinds, { seed })));
    const { model: tuned } = await fineTune(model, data, strategy, { seed });
    const scores = await evaluate(tuned, split.test);
    accuracies[name].push(scores.metrics.accuracy);
    for (const handle of [tuned, model]) dispose(handle);
  }
  if (seed === 0)
    console.log(`2. By another artist: ${split.train.size} to learn from, ${split.test.size} to measure on`);
}

// 3. What came of it.
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const commonest = Math.max(...kinds.map((_, kind) => examples.targets.filter((target) => target === kind).length));
console.log(
  `3. Accuracy, mean of ${draws} draws (${(commonest / examples.size).toFixed(2)} for always the commonest kind)`,
);
for (const [name, numbers] of Object.entries(accuracies)) {
  console.log(
    `   ${name.padEnd(22)} ${mean(numbers).toFixed(3)}   ${numbers.map((number) => number.toFixed(2)).join(' ')}`,
  );
}
const gains = accuracies['own base, tuned'].map((number, draw) => number - accuracies['from scratch'][draw]);
const better = gains.filter((gain) => gain > 0).length;
console.log(`   The base helped in ${better} of ${draws} draws, by ${mean(gains).toFixed(3)} on average.`);
for (const handle of [base, loaded, scratch]) dispose(handle);
