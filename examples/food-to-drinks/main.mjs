// Food that teaches drinks: a network learns "is there food in the picture?", keeps what it has learned, and is asked
// about drinks after ten examples of each kind. What that was worth is measured beside the same network from random
// weights, over eight seeds, and beside a base that was pretrained on ImageNet. Run it with `npm run demo` (a minute);
// `--quick` runs every step on less data.
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
import { curvesCsv, curvesSvg, reportText, transferReport } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { tinyCnn } from 'tfjs-transfer/bases';
import { augmentExamples, flip } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';
import { drinksSplit, foodSplit } from './pictures.mjs';

const quick = process.argv.includes('--quick');
const output = fileURLToPath(new URL('../../runs/food-to-drinks/', import.meta.url));
const say = (text) => console.log(text);
await useBackend(wasm());

// 1. Pretrain a small network on food against everything that is neither food nor drink.
const food = await foodSplit(quick ? 40 : Number.POSITIVE_INFINITY);
const foodData = {
  train: augmentExamples(labelledPictures(food.train), flip()),
  validation: labelledPictures(food.validation),
};
say(
  `1. A small CNN learns food from ${foodData.train.size} pictures (${food.train.filter((p) => p.target === 1).length} of food)`,
);
const blank = tinyCnn({ seed: 7 });
const foodModel = pipe(blank, attachHead(classifier(['no food', 'food'])));
const everything = (settings) => sequence(unfreeze(), batchNorm('train'), train(settings));
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

// 2. Its base gets a head for drinks, which trains alone at first, and then with the top of the base. The same network from
// random weights learns the same pictures beside it, for as many epochs.
const drinks = await drinksSplit({ examples: 10, test: quick ? 20 : 60 });
const data = { train: labelledPictures(drinks.train), validation: labelledPictures(drinks.test) };
say(
  `\n2. Drinks from ${drinks.train.length} pictures, measured on ${drinks.test.length} others by the area under the ROC curve`,
);
const settings = { learningRate: 3e-3, batchSize: 10, metrics: [auc('drink')] };
const transfer = sequence(
  linearProbe({ ...settings, epochs: quick ? 2 : 20 }),
  unfreezeTop(2),
  train({ ...settings, learningRate: 3e-5, epochs: quick ? 1 : 5 }),
);
const ownBase = asBase(pretrained.model, { name: 'own CNN, pretrained on food' });
const model = pipe(ownBase, attachHead(classifier(['no drink', 'drink'])));
const report = await transferReport(model, data, transfer, {
  seeds: quick ? [0, 1] : [0, 1, 2, 3, 4, 5, 6, 7],
  metric: auc('drink'),
  scratch: everything({ ...settings, epochs: quick ? 3 : 25 }),
  onEvent: ({ done, total }) => progress(`run ${done} of ${total}`),
});
say(`\n${reportText(report)}`);
await mkdir(output, { recursive: true });
await writeFile(`${output}curves.svg`, curvesSvg(report, `Drinks after food: ${report.verdict} transfer`));
await writeFile(`${output}curves.csv`, curvesCsv(report));
say('\nThe curves as a picture and as numbers: runs/food-to-drinks/curves.svg, curves.csv');

// 3. One such model to keep; and what a base is worth that has seen a million photographs.
const imageNet = await loadBase(efficientNetLite0());
const other = pipe(imageNet, attachHead(classifier(model.head.labels)));
say('\n3. One of these models, and EfficientNet-Lite0 with a new head');
for (const [name, from, strategy] of [
  ['own CNN, from food', model, transfer],
  ['EfficientNet-Lite0', other, linearProbe({ ...settings, epochs: quick ? 2 : 20 })],
]) {
  const { model: tuned, history } = await fineTune(from, { train: data.train }, strategy, { seed: 7 });
  const { metrics } = await evaluate(tuned, data.validation, { metrics: [auc('drink')] });
  const frozen = Object.keys(history.frozen).length;
  say(`   ${name}: ${metrics.auc.toFixed(3)}; ${frozen} frozen weights proved bit-identical`);
  say(`   ${summary(tuned).split('\n').at(-1)}`);
  if (from === model) await saveModel(tuned, `${output}drinks-model`);
  dispose(tuned);
}
say('\nThe first is saved: runs/food-to-drinks/drinks-model');
for (const handle of [other, imageNet, model, ownBase, pretrained.model, foodModel, blank]) dispose(handle);

function progress(name, { epoch, epochs, loss, validation } = {}) {
  const numbers =
    loss && `, epoch ${epoch} of ${epochs}, loss ${loss.toFixed(3)}, AUC ${validation.metrics.auc.toFixed(3)}`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K   ${name}${numbers ?? ''}`);
  else if (epoch === epochs) say(`   ${name}${numbers ?? ''}`);
}
