// Strategies beside each other on the pictures of examples/data/emoji: nine classes from 66 pictures of Google's, measured
// on 82 subjects that were kept apart, as Google draws them and as Twitter does. EfficientNet-Lite0 on WASM.
// `npm run bench:strategies` takes a quarter of an hour of one core. Rows that are in runs/strategies.jsonl are not measured
// again, so that it can be stopped; `--seeds 0,1` measures some seeds. Writes bench/results/strategies.md.
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  accuracy,
  attachHead,
  batchNorm,
  bitFit,
  discriminative,
  dispose,
  evaluate,
  fineTune,
  fineTuneOneCycle,
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
import { attachLearned, featuresOf, learn, nearestMean, ridge } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const lines = path('runs/strategies.jsonl');
const flag = process.argv.indexOf('--seeds');
const seeds = flag < 0 ? [0, 1, 2, 3, 4] : process.argv[flag + 1].split(',').map(Number);
const google = path('examples/data/emoji/google/');
const labels = (await readdir(google)).sort();

const small = { batchSize: 8 };
const tune = { ...small, epochs: 5 };
const slow = { ...tune, learningRate: 1e-4 };
const probe = linearProbe({ ...small, epochs: 30 });
const opened = unfreezeTop('block6a');
const withL2SP = { penalties: [l2SP()] };

// What trains is at most the top five blocks; what lies below is the same for all and computed once.
const top = {
  "unfreezeTop('block6a'), train()": sequence(opened, train(tune)),
  "unfreezeTop('block6a'), train({ penalties: [l2SP()] })": sequence(opened, train({ ...tune, ...withL2SP })),
  "gradualUnfreeze([0, 1, 'block7a', 'block6a'])": gradualUnfreeze([0, 1, 'block7a', 'block6a'], {
    ...small,
    epochs: 2,
  }),
};
// Each of these goes on from a probe.
const tuned6a = "probe, unfreezeTop('block6a'), train()";
const halfway = `${tuned6a}, interpolate() halfway to the probe`;
const afterProbe = {
  [tuned6a]: sequence(opened, train(slow)),
  "probe, unfreezeTop('block6a'), train({ penalties: [l2SP()] })": sequence(opened, train({ ...slow, ...withL2SP })),
  "probe, unfreezeTop('block6a'), discriminative(), train()": sequence(opened, discriminative(), train(slow)),
  "probe, unfreezeOnly('block6a'), train()": sequence(unfreezeOnly('block6a'), train(slow)),
  'probe, unfreezeTop(3), train() at 1e-5': sequence(unfreezeTop(3), train({ ...tune, learningRate: 1e-5 })),
};
const whole = {
  'unfreeze(), train()': sequence(unfreeze(), train(tune)),
  'fineTuneOneCycle(4)': fineTuneOneCycle(4, small),
};
const wholeAfterProbe = {
  "probe, bitFit(), batchNorm('train'), train()": sequence(bitFit(), batchNorm('train'), train(slow)),
};

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

await useBackend(wasm());
await mkdir(path('runs'), { recursive: true });
const base = await loadBase(efficientNetLite0());
const all = await Promise.all(
  labels.map(async (label, target) =>
    (await readdir(google + label)).sort().map((name) => ({ file: `${google}${label}/${name}`, target })),
  ),
);
const pictures = labelledPictures(all.flat());
const before = await rowsSoFar();
for (const [part, measure] of Object.entries({ top: measureTop, whole: measureWhole })) {
  for (const seed of seeds) {
    const names = { top: [halfway], whole: Object.keys(wholeAfterProbe) }[part];
    if (before.some((row) => row.seed === seed && names.includes(row.strategy))) continue;
    await measure(seed);
  }
}
dispose(base);
await writeFile(path('bench/results/strategies.md'), tableOf(await rowsSoFar()));

/** 66 pictures to learn from; 82 subjects to measure on, first by Google, then by Twitter. */
function splitOf(seed) {
  const { train, validation } = splitExamples(pictures, { validation: 0.15, test: 0.73, seed });
  const files = validation.targets.map((target, i) => ({ file: validation.describe(i), target }));
  const twins = files.map(({ file, target }) => ({ file: file.replace('/google/', '/twitter/'), target }));
  return { train, validation: labelledPictures([...files, ...twins]) };
}

async function measureTop(seed) {
  const data = splitOf(seed);
  const { model, run, save } = begin(seed, data, accuraciesAbove);
  for (const learner of [nearestMean(), ridge()]) {
    const [learned, seconds] = await timed(async () => {
      const features = await featuresOf(base, data.train);
      return pipe(base, attachLearned(await learn(learner, features, features.labels, labels)));
    });
    await save(`attachLearned(${learner.name})`, learned, seconds);
    dispose(learned);
  }
  for (const [name, strategy] of Object.entries(top)) {
    const [tuned, seconds] = await run(model, strategy);
    await save(name, tuned, seconds);
    dispose(tuned);
  }
  const [probed, first] = await run(model, probe);
  await save('linearProbe({ epochs: 30 })', probed, first);
  for (const [name, strategy] of Object.entries(afterProbe)) {
    const [tuned, seconds] = await run(probed, strategy);
    await save(name, tuned, first + seconds);
    if (name === tuned6a) {
      const mixed = interpolate([probed, tuned]);
      await save(halfway, mixed, first + seconds);
      dispose(mixed);
    }
    dispose(tuned);
  }
  dispose(probed);
  dispose(model);
}

async function measureWhole(seed) {
  const { model, run, save } = begin(seed, splitOf(seed), async (tuned, { validation }) => {
    const { metrics } = await evaluate(tuned, validation, { metrics: bothStyles });
    return metrics;
  });
  for (const [name, strategy] of Object.entries(whole)) {
    const [tuned, seconds] = await run(model, strategy);
    await save(name, tuned, seconds);
    dispose(tuned);
  }
  const [probed, first] = await run(model, probe);
  for (const [name, strategy] of Object.entries(wholeAfterProbe)) {
    const [tuned, seconds] = await run(probed, strategy);
    await save(name, tuned, first + seconds);
    dispose(tuned);
  }
  dispose(probed);
  dispose(model);
}

function begin(seed, data, measure) {
  return {
    model: pipe(base, attachHead(classifier(labels, { seed }))),
    run: (from, strategy) => timed(async () => (await fineTune(from, { train: data.train }, strategy, { seed })).model),
    save: async (strategy, tuned, seconds) => {
      const { google, twitter } = await measure(tuned, data);
      await appendFile(lines, `${JSON.stringify({ seed, strategy, google, twitter, seconds })}\n`);
      console.log(`seed ${seed}: ${google.toFixed(3)} ${twitter.toFixed(3)} ${seconds.toFixed(0)} s  ${strategy}`);
    },
  };
}

/** Measures what lies above block 6a: a run that is left before its first step, on features that are computed once. */
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

function tableOf(rows) {
  return `${rows.length}`;
}
