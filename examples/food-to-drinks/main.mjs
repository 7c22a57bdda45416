// Food that teaches drinks: a network learns "is there food in the picture?", keeps what it has learned, and is asked
// about drinks after ten examples of each kind. Beside it: the same network from random weights, and a base that was
// pretrained on ImageNet. Run it with `npm run demo` (some two minutes); `--quick` runs every step on less data.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  asBase,
  attachHead,
  auc,
  batchNorm,
  bestWeights,
  dispose,
  evaluate,
  fineTune,
  lastWeights,
  linearProbe,
  loadBase,
  oneCycle,
  pipe,
  saveModel,
  sequence,
  softmaxCrossEntropy,
  summary,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { tinyCnn } from 'tfjs-transfer/bases';
import { augmentExamples, flip } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';
import { chart, curves } from './curves.mjs';
import { drinksSplit, foodSplit } from './pictures.mjs';

const quick = process.argv.includes('--quick');
const output = fileURLToPath(new URL('../../runs/food-to-drinks/', import.meta.url));
const report = (text) => console.log(text);
await useBackend(wasm());

// 1. Pretrain a small network on food against everything that is neither food nor drink.
const food = await foodSplit(quick ? 40 : Number.POSITIVE_INFINITY);
const foodData = {
  train: augmentExamples(labelledPictures(food.train), flip()),
  validation: labelledPictures(food.validation),
};
report(
  `1. A small CNN learns food from ${foodData.train.size} pictures (${food.train.filter((p) => p.target === 1).length} of food)`,
);
const scratch = tinyCnn({ seed: 7 });
const everything = (settings) => sequence(unfreeze(), batchNorm('train'), train(settings));
const foodModel = pipe(scratch, attachHead(classifier(['no food', 'food'])));
const pretraining = everything({
  epochs: quick ? 2 : 20,
  learningRate: 5e-3,
  schedule: oneCycle(),
  loss: softmaxCrossEntropy({ classWeights: [0.6, 2.5] }), // a fifth of the pictures is food
  metrics: [auc('food')],
  callbacks: [bestWeights({ monitor: 'auc' })],
});
const pretrained = await fineTune(foodModel, foodData, pretraining, {
  onEvent: (event) => event.kind === 'epoch' && progress('food', event),
});

// 2. Its base, frozen, gets a head for drinks; then the top of it is tuned as well. Ten pictures of each kind.
const drinks = await drinksSplit({ examples: 10, test: quick ? 20 : 150 });
const drinksData = { train: labelledPictures(drinks.train), validation: labelledPictures(drinks.test) };
report(
  `\n2. Drinks from ${drinks.train.length} pictures, measured on ${drinks.test.length} others by the area under the ROC curve`,
);
// The last weights count in each curve, so that no curve chooses its best epoch by the pictures that it is measured on.
const settings = { learningRate: 3e-3, batchSize: 10, metrics: [auc('drink')], callbacks: [lastWeights()] };
const [probeEpochs, tuneEpochs] = quick ? [2, 1] : [20, 10];
const transfer = sequence(
  linearProbe({ ...settings, epochs: probeEpochs }),
  unfreezeTop(2),
  train({ ...settings, learningRate: 3e-5, epochs: tuneEpochs }),
);
const fromScratch = everything({ ...settings, epochs: probeEpochs + tuneEpochs });

const ownBase = asBase(pretrained.model, { name: 'own CNN, pretrained on food' });
const imageNet = await loadBase(efficientNetLite0());
const runs = {
  'own CNN, from food': [ownBase, transfer],
  'own CNN, from scratch': [scratch, fromScratch],
  'EfficientNet-Lite0': [imageNet, transfer],
};
const results = {};
for (const [name, [base, strategy]] of Object.entries(runs)) {
  const model = pipe(base, attachHead(classifier(['no drink', 'drink'])));
  const { model: tuned, history } = await fineTune(model, drinksData, strategy, {
    seed: 7,
    onEvent: (event) => event.kind === 'epoch' && progress(name, event),
  });
  const epochs = history.phases.flatMap((phase, index) => phase.epochs.slice(index === 0 ? 0 : 1));
  results[name] = epochs.map(({ validation }) => validation.metrics.auc);
  if (base === ownBase) {
    await saveModel(tuned, `${output}drinks-model`);
    report(
      `\n${summary(tuned).split('\n').at(-1)}; frozen weights proved bit-identical: ${Object.keys(history.frozen).length}`,
    );
    const { metrics } = await evaluate(tuned, drinksData.validation, { metrics: [auc('drink')] });
    report(`Saved to runs/food-to-drinks/drinks-model; area under the curve ${metrics.auc.toFixed(3)}`);
  }
  dispose(tuned);
  dispose(model);
}

// 3. The learning curves.
report(`\n3. Learning curves: area under the ROC curve by epoch (0.5 is chance)\n\n${curves(results)}`);
await mkdir(output, { recursive: true });
await writeFile(`${output}curves.svg`, chart(results, 'Drinks from ten examples of each kind'));
report('\nThe curves as a picture: runs/food-to-drinks/curves.svg');
for (const handle of [pretrained.model, foodModel, ownBase, scratch, imageNet]) dispose(handle);

function progress(name, { phase, epoch, epochs, loss, validation }) {
  const line = `   ${name}: phase ${phase + 1}, epoch ${epoch} of ${epochs}, loss ${loss.toFixed(3)}, AUC ${validation.metrics.auc.toFixed(3)}`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}${epoch === epochs ? '\n' : ''}`);
  else if (epoch === epochs) report(line);
}
