// A base that was taught the wrong thing: from the same pictures one network learns what they show, another who drew them.
// Both are then asked about other pictures: animal, food, tool or vehicle? The report says what each is worth beside
// the same network from random weights. `node main.mjs` takes some three minutes; `--quick` runs every step on less.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  asBase,
  attachHead,
  batchNorm,
  dispose,
  fineTune,
  linearProbe,
  oneCycle,
  pipe,
  sequence,
  train,
  unfreeze,
  useBackend,
} from 'tfjs-transfer';
import { curvesCsv, curvesSvg, reportText, transferReport } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { tinyCnn } from 'tfjs-transfer/bases';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';

const quick = process.argv.includes('--quick');
const [seeds, epochs] = quick ? [[0, 1], 2] : [[0, 1, 2, 3, 4], 20];
const emoji = fileURLToPath(new URL('../data/emoji/', import.meta.url));
const output = fileURLToPath(new URL('../../runs/negative-transfer/', import.meta.url));
const artists = ['google', 'twitter'];
const before = ['clothing', 'drink', 'music', 'plant', 'sport'];
const asked = ['animal', 'food', 'tool', 'vehicle'];

await useBackend(wasm());
await mkdir(output, { recursive: true });
const everything = (settings) => sequence(unfreeze(), batchNorm('train'), train(settings));

// 1. Two bases from the same pictures, with the same strategy and seed. Only the question differs.
const seen = (await Promise.all(artists.map((artist) => picturesOf(artist, before)))).flat();
const questions = {
  'what it shows': [before, ({ kind }) => kind],
  'who drew it': [artists, ({ artist }) => artist],
};
const bases = {};
for (const [question, [labels, answer]] of Object.entries(questions)) {
  const examples = labelledPictures(seen.map((one) => ({ ...one, target: labels.indexOf(answer(one)) })));
  const blank = pipe(tinyCnn({ size: 32, seed: 7 }), attachHead(classifier(labels)));
  const schooling = everything({ epochs: quick ? 2 : 30, learningRate: 5e-3, schedule: oneCycle() });
  const { model, history } = await fineTune(blank, { train: examples }, schooling, { seed: 7 });
  const { loss } = history.phases[0].epochs.at(-1);
  console.log(`A base learned "${question}" from ${examples.size} pictures; its loss is ${loss.toFixed(3)}`);
  bases[question] = asBase(model, { name: question });
  for (const handle of [model, blank]) dispose(handle);
}

// 2. Both are asked what other pictures show.
const others = (await picturesOf('google', asked)).map((one) => ({ ...one, target: asked.indexOf(one.kind) }));
const data = splitExamples(labelledPictures(others), { validation: 0.3, seed: 7 });
console.log(`\n${asked.join(', ')}: ${data.train.size} pictures to learn from, ${data.validation.size} to measure on`);
const frozen = linearProbe({ epochs, learningRate: 3e-3 });
const reports = {
  'what it shows, frozen': ['what it shows', frozen],
  'who drew it, frozen': ['who drew it', frozen],
  'who drew it, all of it trains': ['who drew it', everything({ epochs, learningRate: 1e-3 })],
};
for (const [name, [question, strategy]] of Object.entries(reports)) {
  const model = pipe(bases[question], attachHead(classifier(asked)));
  const report = await transferReport(model, data, strategy, { seeds });
  dispose(model);
  console.log(`\n"${name}": ${reportText(report).replaceAll('\n', '\n   ')}`);
  const file = `${output}${name.replaceAll(/\W+/g, '-')}`;
  await writeFile(`${file}.svg`, curvesSvg(report, `${name}: ${report.verdict} transfer`));
  await writeFile(`${file}.csv`, curvesCsv(report));
}
console.log('\nThe curves as pictures and numbers: runs/negative-transfer/');
for (const base of Object.values(bases)) dispose(base);

async function picturesOf(artist, kinds) {
  const lists = await Promise.all(kinds.map((kind) => readdir(`${emoji}${artist}/${kind}`)));
  return lists.flatMap((names, i) =>
    names
      .filter((name, index) => name.endsWith('.png') && !(quick && index % 6))
      .map((name) => ({ artist, kind: kinds[i], file: `${emoji}${artist}/${kinds[i]}/${name}` })),
  );
}
