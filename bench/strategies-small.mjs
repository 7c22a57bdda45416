// Strategies that train a whole network beside each other, on one that is small enough: a tiny CNN learns four kinds of
// emoji as Google draws them, then nine kinds as Twitter does, from 66 pictures, measured on 219 others. Five seeds, each with
// a draw of its own. EfficientNet-Lite0 with a probe of the same pictures is the teacher of `distillation`.
// `npm run bench:strategies` runs it; four minutes of one core. Writes bench/results/strategies-small.md.
import { readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  asBase,
  attachHead,
  batchNorm,
  bitFit,
  delta,
  discriminative,
  dispose,
  distillation,
  evaluate,
  fineTune,
  fineTuneOneCycle,
  fromScratch,
  gradualUnfreeze,
  interpolate,
  l2SP,
  linearProbe,
  loadBase,
  oneCycle,
  pipe,
  sequence,
  train,
  unfreeze,
  unfreezeOnly,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { tinyCnn } from 'tfjs-transfer/bases';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';
import { strategiesTable } from './run/strategies-table.mjs';

const emoji = fileURLToPath(new URL('../examples/data/emoji/', import.meta.url));
const kinds = (await readdir(`${emoji}google`)).sort();
const known = ['animal', 'food', 'tool', 'vehicle'];

async function pictures(style, labels) {
  const lists = await Promise.all(labels.map(async (label) => (await readdir(`${emoji}${style}/${label}`)).sort()));
  return labelledPictures(
    lists.flatMap((names, target) =>
      names.map((name) => ({ file: `${emoji}${style}/${labels[target]}/${name}`, target })),
    ),
  );
}

const tune = { batchSize: 8, epochs: 8 };
const long = { ...tune, epochs: 38 };
const slow = { ...tune, learningRate: 1e-4 };
const probe = linearProbe({ batchSize: 8, epochs: 30 });
const all = unfreeze();
const fromRandomHead = {
  'linearProbe({ epochs: 30 })': probe,
  'unfreeze(), train()': sequence(all, train(tune)),
  'unfreeze(), train({ penalties: [l2SP()] })': sequence(all, train({ ...tune, penalties: [l2SP()] })),
  'unfreeze(), train({ epochs: 38 })': sequence(all, train(long)),
  'unfreeze(), train({ epochs: 38, penalties: [delta({ alpha: 0.1 })] })': sequence(
    all,
    train({ ...long, penalties: [delta({ alpha: 0.1 })] }),
  ),
  'gradualUnfreeze([0, 1, 3, 7])': gradualUnfreeze([0, 1, 3, 7], { batchSize: 8, epochs: 4 }),
  'fineTuneOneCycle(8)': fineTuneOneCycle(8, { batchSize: 8 }),
};
const fromProbe = {
  'probe, unfreeze(), train()': sequence(all, train(slow)),
  'probe, unfreeze(), train({ penalties: [l2SP()] })': sequence(all, train({ ...slow, penalties: [l2SP()] })),
  'probe, unfreeze(), discriminative(), train()': sequence(all, discriminative(), train(slow)),
  'probe, unfreezeTop(3), train()': sequence(unfreezeTop(3), train(slow)),
  "probe, unfreezeOnly('stem'), train()": sequence(unfreezeOnly('stem'), train(slow)),
  "probe, unfreezeOnly('block3'), train()": sequence(unfreezeOnly('block3'), train(slow)),
  "probe, bitFit(), batchNorm('train'), train()": sequence(bitFit(), batchNorm('train'), train(slow)),
};
const scratch = (penalties) => sequence(all, batchNorm('train'), train({ ...long, learningRate: 1e-3, penalties }));
const taught = 'unfreeze(), train({ epochs: 38, penalties: [distillation(teacher)] })';
const taughtFromScratch = 'from scratch, 38 epochs, distillation(teacher)';
const halfway = 'probe, unfreeze(), train(), interpolate() halfway';
const pairs = [
  ['unfreeze(), train()', 'probe, unfreeze(), train()'],
  ['unfreeze(), train({ epochs: 38 })', 'probe, unfreeze(), train()'],
  ['unfreeze(), train()', 'unfreeze(), train({ penalties: [l2SP()] })'],
  ['probe, unfreeze(), train()', 'probe, unfreeze(), train({ penalties: [l2SP()] })'],
  ['unfreeze(), train({ epochs: 38 })', 'unfreeze(), train({ epochs: 38, penalties: [delta({ alpha: 0.1 })] })'],
  ['unfreeze(), train({ epochs: 38 })', taught],
  ['from scratch, 38 epochs', taughtFromScratch],
  ['from scratch, 38 epochs', 'linearProbe({ epochs: 30 })'],
];

await useBackend(wasm());
const blank = pipe(tinyCnn({ size: 32, seed: 7 }), attachHead(classifier(known)));
const schooling = train({ epochs: 30, learningRate: 5e-3, schedule: oneCycle() });
const first = { train: await pictures('google', known) };
const source = await fineTune(blank, first, sequence(all, batchNorm('train'), schooling), { seed: 7 });
const base = asBase(source.model);
const large = await loadBase(efficientNetLite0());
const examples = await pictures('twitter', kinds);
const rows = [];
for (const seed of [0, 1, 2, 3, 4]) {
  const data = splitExamples(examples, { validation: 0.4, test: 0.48, seed });
  const run = async (name, from, strategy, before = 0) => {
    const start = process.cpuUsage();
    const { model } = await fineTune(from, { train: data.train }, strategy, { seed });
    const { user, system } = process.cpuUsage(start);
    const seconds = before + (user + system) / 1e6;
    await save(name, model, seconds);
    return { model, seconds };
  };
  const save = async (strategy, model, seconds) => {
    const { metrics } = await evaluate(model, data.validation);
    rows.push({ seed, strategy, seconds, accuracy: metrics.accuracy });
    console.log(`seed ${seed}: ${metrics.accuracy.toFixed(3)} ${seconds.toFixed(1)} s  ${strategy}`);
  };
  const model = pipe(base, attachHead(classifier(kinds, { seed })));
  const other = fromScratch(model, seed);
  const untaught = pipe(large, attachHead(classifier(kinds, { seed })));
  const teacher = await run('EfficientNet-Lite0, linearProbe({ epochs: 30 }): the teacher', untaught, probe);
  const penalties = [distillation((await evaluate(teacher.model, data.train)).outcome)];
  const results = [];
  for (const [name, strategy] of Object.entries(fromRandomHead)) results.push(await run(name, model, strategy));
  results.push(await run(taught, model, sequence(all, train({ ...long, penalties }))));
  results.push(await run('from scratch, 38 epochs', other, scratch([])));
  results.push(await run(taughtFromScratch, other, scratch(penalties)));
  const probed = results[0];
  for (const [name, strategy] of Object.entries(fromProbe)) {
    const result = await run(name, probed.model, strategy, probed.seconds);
    results.push(result);
    if (!halfway.startsWith(`${name}, `)) continue;
    const mixed = interpolate([probed.model, result.model]);
    await save(halfway, mixed, result.seconds);
    dispose(mixed);
  }
  for (const handle of [...[teacher, ...results].map((result) => result.model), model, other, untaught])
    dispose(handle);
}
for (const handle of [base, source.model, blank, large]) dispose(handle);

await writeFile(
  fileURLToPath(new URL('results/strategies-small.md', import.meta.url)),
  `# Strategies on a small network

\`npm run bench:strategies\`: a tiny CNN (13,000 parameters, 32 pixels) that learned four kinds of emoji as Google draws them learns
nine kinds as Twitter does, from 66 pictures; accuracy on 219 others. Means of 5 seeds, each with a draw of its own, and
intervals of 95 % by Student's t. WASM, one thread, Node ${process.versions.node}. Batches of 8; rates are the defaults (1e-3 for a random head, 1e-4
for the base), 1e-4 for all after a probe, 1e-3 from scratch; 8 epochs, 4 a stage of \`gradualUnfreeze\`. No rate was tuned. "probe"
is \`linearProbe({ epochs: 30 })\`. Always saying the commonest kind is right in 0.235.

${strategiesTable(rows, pairs, ['accuracy'])}`,
);
