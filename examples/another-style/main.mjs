// One style to learn from, another in use: nine kinds of emoji are learned as Google draws them, and asked for as Twitter
// does. Tuning a random head and the top of the base at once is compared with a probe first (LP-FT), and with weights
// halfway between the probe and that (WiSE-FT), over five draws. `node main.mjs` takes some three minutes; `--quick` runs
// every step on less.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  accuracy,
  attachHead,
  dispose,
  fineTune,
  fineTuneSteps,
  interpolate,
  linearProbe,
  loadBase,
  pipe,
  sequence,
  train,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { estimate } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';
import { picture } from './picture.mjs';

const quick = process.argv.includes('--quick');
const seeds = quick ? [0, 1] : [0, 1, 2, 3, 4];
const google = fileURLToPath(new URL('../data/emoji/google/', import.meta.url));
const output = fileURLToPath(new URL('../../runs/another-style/', import.meta.url));
const kinds = quick ? ['drink', 'music'] : (await readdir(google)).sort();

await useBackend(wasm());
await mkdir(output, { recursive: true });
const base = await loadBase(efficientNetLite0());
const lists = await Promise.all(kinds.map((kind) => readdir(google + kind)));
const pictures = lists.flatMap((names, target) =>
  names.sort().map((name) => ({ file: `${google}${kinds[target]}/${name}`, target })),
);

// The rates are the library's defaults: 1e-3 for a random head, 1e-4 for layers of the base; 1e-4 for all after a probe.
const top = unfreezeTop('block7a');
const settings = { batchSize: 8, epochs: quick ? 1 : 4 };
const probe = linearProbe({ batchSize: 8, epochs: quick ? 2 : 30 });
const plain = sequence(top, train(settings));
const afterProbe = sequence(top, train({ ...settings, learningRate: 1e-4 }));

const rows = [];
for (const seed of seeds) {
  // Subjects to measure on are kept apart in both styles.
  const shares = quick ? { validation: 0.1, test: 0.75 } : { validation: 0.15, test: 0.73 };
  const own = splitExamples(labelledPictures(pictures), { ...shares, seed });
  const kept = own.validation.targets.map((target, i) => ({ file: own.validation.describe(i), target }));
  const twins = kept.map(({ file, target }) => ({ file: file.replace('/google/', '/twitter/'), target }));
  const data = { train: own.train, validation: labelledPictures([...kept, ...twins]) };
  const run = async (from, strategy) => (await fineTune(from, { train: data.train }, strategy, { seed })).model;

  const model = pipe(base, attachHead(classifier(kinds, { seed })));
  const probed = await run(model, probe);
  const tuned = await run(model, plain);
  const both = await run(probed, afterProbe);
  const ways = {
    'the probe alone': probed,
    'plain tuning': tuned,
    'a probe, then tuning (LP-FT)': both,
    'halfway back to the probe (WiSE-FT)': interpolate([probed, both]),
  };
  for (const [way, one] of Object.entries(ways)) rows.push({ seed, way, ...(await accuraciesOf(one, data)) });
  if (seed === seeds[0])
    console.log(`${data.train.size} pictures by Google to learn from, ${kept.length} subjects to measure on\n`);
  for (const handle of [...Object.values(ways), model]) dispose(handle);
}
dispose(base);

// What came of it: the accuracy of each way, and how much better than plain tuning it is, seed by seed.
const ways = [...new Set(rows.map(({ way }) => way))];
const of = (way, style) => rows.filter((row) => row.way === way).map((row) => row[style]);
const gain = (way, style) => estimate(of(way, style).map((value, i) => value - of('plain tuning', style)[i]));
const text = ({ mean, interval }) => `${mean.toFixed(3)} (${interval.map((end) => end.toFixed(3)).join(' to ')})`;
for (const [style, title] of Object.entries({
  google: 'In the style that was learned',
  twitter: 'In the other style',
})) {
  console.log(
    `${title}: accuracy, and what it is above plain tuning; mean of ${seeds.length} draws with intervals of 95 %`,
  );
  for (const way of ways)
    console.log(`   ${way.padEnd(36)} ${text(estimate(of(way, style)))}   ${text(gain(way, style))}`);
}
await writeFile(
  `${output}styles.svg`,
  picture(Object.fromEntries(ways.map((way) => [way, [gain(way, 'google'), gain(way, 'twitter')]]))),
);
console.log('\nAs a picture: runs/another-style/styles.svg');

/** Accuracy in both styles: a run that is left before its first step, on features that are computed once a draw. */
async function accuraciesOf(model, data) {
  const half = data.validation.size / 2;
  const metrics = [inStyle('google', 0, half), inStyle('twitter', half)];
  const look = sequence(top, train({ epochs: 1, metrics }));
  for await (const event of fineTuneSteps(model, data, look, { featureStore: `${output}features` })) {
    if (event.kind === 'epoch') return event.validation.metrics;
  }
}

function inStyle(name, ...part) {
  const compute = ({ scores, targets, ...outcome }) =>
    accuracy().compute({ ...outcome, scores: scores.slice(...part), targets: targets.slice(...part) });
  return { kind: 'metric', name, compute };
}
