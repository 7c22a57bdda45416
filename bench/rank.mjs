// Does a ranking order bases as training does? Nine kinds of emoji as Twitter draws them, 66 to learn from: three bases are
// ranked on these, then tuned on them, and measured on 110 others, for five draws. `npm run bench:rank` takes three minutes
// of one core and writes bench/results/rank.md.
import { readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  asBase,
  attachHead,
  batchNorm,
  dispose,
  evaluate,
  fineTune,
  fromScratch,
  loadBase,
  oneCycle,
  pipe,
  probeThenTune,
  sequence,
  softmaxCrossEntropy,
  train,
  unfreeze,
  useBackend,
} from 'tfjs-transfer';
import { estimate, rankBases } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { tinyCnn } from 'tfjs-transfer/bases';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';
import { foodSplit } from '../examples/food-to-drinks/pictures.mjs';

const twitter = fileURLToPath(new URL('../examples/data/emoji/twitter/', import.meta.url));
const labels = (await readdir(twitter)).sort();
await useBackend(wasm());

const imageNet = await loadBase(efficientNetLite0());
const withHead = pipe(imageNet, attachHead(classifier(labels)));
const random = fromScratch(withHead, 7);
const blank = pipe(tinyCnn({ size: 32, seed: 7 }), attachHead(classifier(['no food', 'food'])));
const food = await fineTune(
  blank,
  { train: labelledPictures((await foodSplit()).train) },
  sequence(
    unfreeze(),
    batchNorm('train'),
    train({
      epochs: 20,
      learningRate: 5e-3,
      schedule: oneCycle(),
      loss: softmaxCrossEntropy({ classWeights: [0.6, 2.5] }),
    }),
  ),
  { seed: 7 },
);
const bases = {
  'EfficientNet-Lite0': imageNet,
  'tinyCnn(), pretrained on food': asBase(food.model),
  'EfficientNet-Lite0, untrained': asBase(random),
};

const lists = await Promise.all(labels.map(async (label) => (await readdir(twitter + label)).sort()));
const pictures = labelledPictures(
  lists.flatMap((names, target) => names.map((name) => ({ file: `${twitter}${labels[target]}/${name}`, target }))),
);
const scores = ['logME', 'regularizedHScore', 'probe'];
const rows = Object.fromEntries(Object.keys(bases).map((name) => [name, { tuned: [], ...emptyScores() }]));
let agreeing = 0;
const seeds = [0, 1, 2, 3, 4];
for (const seed of seeds) {
  const { train: examples, validation } = splitExamples(pictures, { validation: 0.2, test: 0.68, seed });
  const ranking = await rankBases(bases, examples, { resamples: 0 });
  for (const { name, ...worth } of ranking.rows) for (const score of scores) rows[name][score].push(worth[score].value);
  for (const [name, base] of Object.entries(bases)) {
    const model = pipe(base, attachHead(classifier(labels, { seed })));
    const strategy = probeThenTune({ probe: { batchSize: 8 }, tune: { batchSize: 8 } });
    const { model: tuned } = await fineTune(model, { train: examples }, strategy, { seed });
    rows[name].tuned.push((await evaluate(tuned, validation)).metrics.accuracy);
    for (const handle of [tuned, model]) dispose(handle);
  }
  const byTuning = Object.keys(bases).sort((a, b) => rows[b].tuned.at(-1) - rows[a].tuned.at(-1));
  const same = ranking.rows.every(({ name }, place) => name === byTuning[place]);
  agreeing += Number(same);
  console.log(`draw ${seed}: ${ranking.rows.map(({ name }) => name).join(' > ')}; tuned ${byTuning.join(' > ')}`);
}
for (const handle of [...Object.values(bases), random, withHead, food.model, blank]) dispose(handle);

const text = (numbers, digits) => {
  const { mean, interval } = estimate(numbers);
  return `${mean.toFixed(digits)} (${interval.map((end) => end.toFixed(digits)).join(' to ')})`;
};
const table = Object.entries(rows).map(
  ([name, { tuned, logME, regularizedHScore, probe }]) =>
    `| ${name} | ${text(logME, 2)} | ${text(regularizedHScore, 2)} | ${text(probe, 3)} | ${text(tuned, 3)} |`,
);
await writeFile(
  fileURLToPath(new URL('results/rank.md', import.meta.url)),
  `# Three bases, ranked and tuned

\`npm run bench:rank\`: nine kinds of emoji as Twitter draws them, 66 pictures to learn from and to rank on, 110 to measure on;
means of ${seeds.length} draws with intervals of 95 %. Tuned by \`probeThenTune()\` with batches of 8.

| base | LogME | regularised H-score | probe, each left out | accuracy, tuned |
|---|---|---|---|---|
${table.join('\n')}

LogME had the three bases in the order of their tuned accuracies in ${agreeing} of ${seeds.length} draws.
`,
);

function emptyScores() {
  return Object.fromEntries(scores.map((score) => [score, []]));
}
