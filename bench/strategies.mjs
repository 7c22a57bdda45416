// Strategies beside each other on the pictures of examples/data/emoji: nine classes from 66 pictures of Google's, measured
// on 82 subjects that were kept apart, as Google draws them and as Twitter does. EfficientNet-Lite0 on WASM.
// `npm run bench:strategies` takes an hour of one core. Rows that are in runs/strategies.jsonl are not measured again, so
// that it can be stopped; `--seeds 0,1` measures some seeds. Writes bench/results/strategies.md.
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  accuracy,
  attachHead,
  coTuning,
  delta,
  dispose,
  evaluate,
  fineTune,
  fineTuneSteps,
  gradualUnfreeze,
  interpolate,
  l2SP,
  linearProbe,
  loadBase,
  pipe,
  sequence,
  train,
  unfreeze,
  unfreezeOnly,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { attachLearned, featuresOf, learn, nearestMean, relateClasses, ridge } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';
import { strategiesTable } from './run/strategies-table.mjs';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const lines = path('runs/strategies.jsonl');
const flag = process.argv.indexOf('--seeds');
const seeds = flag < 0 ? [0, 1, 2, 3, 4] : process.argv[flag + 1].split(',').map(Number);
const google = path('examples/data/emoji/google/');
const labels = (await readdir(google)).sort();

const small = { batchSize: 8 };
const tune = { ...small, epochs: 4 };
const slow = { ...tune, learningRate: 1e-4 };
const long = { ...tune, epochs: 8 };
const probe = linearProbe({ ...small, epochs: 30 });
const opened = unfreezeTop('block7a');
const all = unfreeze();

// Names are the strategies as code, so that a row says what ran.
const phase = (edit, settings = '') => `${edit}, train(${settings})`;
const [top, whole] = ["unfreezeTop('block7a')", 'unfreeze()'];
const after = (name) => `probe, ${name}`;
const halfway = (name) => `${after(name)}, interpolate() halfway`;
const penalized = (penalty) => `{ epochs: 8, penalties: [${penalty}] }`;
const penalties = ['l2SP()', 'delta({ alpha: 0.1 })', 'coTuning(relation)'];
const pairs = [top, whole].flatMap((edit) => {
  const [plain, longer] = [phase(edit), phase(edit, '{ epochs: 8 }')];
  const held = penalties.map((penalty) => [longer, phase(edit, penalized(penalty))]);
  return [
    [plain, after(plain)],
    [longer, after(plain)], // as many seconds as with a probe before it
    [longer, halfway(plain)],
    [after(plain), halfway(plain)],
    ...held,
  ];
});

const accuracyIn = (name, share) => ({
  kind: 'metric',
  name,
  compute: (outcome) =>
    accuracy().compute({ ...outcome, scores: share(outcome.scores), targets: share(outcome.targets) }),
});
const bothStyles = [
  accuracyIn('google', (list) => list.slice(0, list.length / 2)),
  accuracyIn('twitter', (list) => list.slice(list.length / 2)),
];

const learners = [nearestMean(), ridge()];

/** What starts from a random head, of which some have to know how old and new classes are related. */
function fromRandomHead(relation) {
  const added = [l2SP(), delta({ alpha: 0.1 }), coTuning(relation)];
  const of = (name, edit) => ({
    [phase(name)]: sequence(edit, train(tune)),
    [phase(name, '{ epochs: 8 }')]: sequence(edit, train(long)),
    ...Object.fromEntries(
      penalties.map((code, i) => [
        phase(name, penalized(code)),
        sequence(edit, train({ ...long, penalties: [added[i]] })),
      ]),
    ),
  });
  return {
    'linearProbe({ epochs: 30 })': probe,
    ...of(top, opened),
    ...of(whole, all),
    "gradualUnfreeze([0, 1, 'block7a'])": gradualUnfreeze([0, 1, 'block7a'], { ...small, epochs: 2 }),
  };
}

const fromProbe = {
  [after(phase(top))]: sequence(opened, train(slow)),
  [after(phase(whole))]: sequence(all, train(slow)),
  "probe, unfreezeOnly('block7a'), train()": sequence(unfreezeOnly('block7a'), train(slow)),
  'probe, unfreezeTop(3), train() at 1e-5': sequence(unfreezeTop(3), train({ ...tune, learningRate: 1e-5 })),
};

await useBackend(wasm());
await mkdir(path('runs'), { recursive: true });
const base = await loadBase(efficientNetLite0());
const lists = await Promise.all(labels.map(async (label) => (await readdir(google + label)).sort()));
const pictures = labelledPictures(
  lists.flatMap((names, target) => names.map((name) => ({ file: `${google}${labels[target]}/${name}`, target }))),
);
const before = await rowsSoFar();
for (const seed of seeds) await measureSeed(seed);
dispose(base);
await writeFile(
  path('bench/results/strategies.md'),
  `# Strategies beside each other

\`npm run bench:strategies\`: EfficientNet-Lite0, nine kinds of emoji from 66 pictures by Google, measured on 82 subjects that
were kept apart, as Google draws them and as Twitter does. Means over seeds, each with its own draw of pictures, and intervals
of 95 % by Student's t. WASM, one thread, Node ${process.versions.node}. Batches of 8; rates are the defaults (1e-3 for a random head, 1e-4 for
the base) and 1e-4 for all after a probe; 4 epochs where nothing is said, 2 a stage of \`gradualUnfreeze\`. No rate and no strength
was tuned. CPU seconds are of training alone, with the features of the frozen part; those of \`coTuning\` leave out
\`relateClasses\`, a forward run of the 66. "probe" is \`linearProbe({ epochs: 30 })\`.

${strategiesTable(await rowsSoFar(), pairs, ['google', 'twitter'])}`,
);

async function measureSeed(seed) {
  const known = new Set(before.flatMap((row) => (row.seed === seed ? row.strategy : [])));
  const data = splitOf(seed);
  const save = async (strategy, model, seconds) => {
    const look = strategy.includes(whole) ? accuracies : accuraciesAbove;
    const { google, twitter } = await look(model, data);
    await appendFile(lines, `${JSON.stringify({ seed, strategy, google, twitter, seconds })}\n`);
    console.log(`seed ${seed}: ${google.toFixed(3)} ${twitter.toFixed(3)} ${seconds.toFixed(0)} s  ${strategy}`);
  };
  const run = (from, strategy) =>
    timed(async () => (await fineTune(from, { train: data.train }, strategy, { seed })).model);

  for (const learner of learners) {
    const name = `attachLearned(${learner.name})`;
    if (known.has(name)) continue;
    const [learned, seconds] = await timed(async () => {
      const features = await featuresOf(base, data.train);
      return pipe(base, attachLearned(await learn(learner, features, features.labels, labels)));
    });
    await save(name, learned, seconds);
    dispose(learned);
  }
  const model = pipe(base, attachHead(classifier(labels, { seed })));
  const relation = await relateClasses(base, { train: data.train, labels });
  for (const [name, strategy] of Object.entries(fromRandomHead(relation))) {
    if (known.has(name)) continue;
    const [result, seconds] = await run(model, strategy);
    await save(name, result, seconds);
    dispose(result);
  }
  const left = Object.entries(fromProbe).filter(([name]) => !known.has(name));
  if (left.length === 0) return dispose(model);
  const [probed, first] = await run(model, probe);
  for (const [name, strategy] of left) {
    const [result, seconds] = await run(probed, strategy);
    await save(name, result, first + seconds);
    if (pairs.some(([, second]) => second === `${name}, interpolate() halfway`)) {
      const mixed = interpolate([probed, result]);
      await save(`${name}, interpolate() halfway`, mixed, first + seconds);
      dispose(mixed);
    }
    dispose(result);
  }
  dispose(probed);
  dispose(model);
}

/** 66 pictures to learn from; 82 subjects to measure on, first by Google, then by Twitter. */
function splitOf(seed) {
  const { train, validation } = splitExamples(pictures, { validation: 0.15, test: 0.73, seed });
  const files = validation.targets.map((target, i) => ({ file: validation.describe(i), target }));
  const twins = files.map(({ file, target }) => ({ file: file.replace('/google/', '/twitter/'), target }));
  return { train, validation: labelledPictures([...files, ...twins]) };
}

/** Accuracy in both styles. */
async function accuracies(model, { validation }) {
  return (await evaluate(model, validation, { metrics: bothStyles })).metrics;
}

/** The same where nothing below block 7a has moved: a run that is left before its first step, on features computed once. */
async function accuraciesAbove(model, data) {
  const look = sequence(opened, train({ epochs: 1, metrics: bothStyles }));
  for await (const event of fineTuneSteps(model, data, look, { featureStore: path(`runs/strategies-${seeds}`) })) {
    if (event.kind === 'epoch') return event.validation.metrics;
  }
}

/** A result with the seconds of CPU time that it took: other work on the machine does not count. */
async function timed(work) {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return [result, (user + system) / 1e6];
}

async function rowsSoFar() {
  const text = await readFile(lines, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
