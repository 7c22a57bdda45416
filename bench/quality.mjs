// How good transferred models are on the pictures of examples/data/emoji, from EfficientNet-Lite0 on WASM:
// nine classes with the default strategy of the command line, the mean of five seeds, and drinks from ten examples of
// each kind, the mean of ten draws. Run it with `npm run bench:quality` (some ten minutes on one core).
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { attachHead, auc, dispose, evaluate, fineTune, linearProbe, loadBase, pipe, useBackend } from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { labelledPictures } from 'tfjs-transfer/node';

const cli = fileURLToPath(new URL('../dist/node/cli.js', import.meta.url));
const google = fileURLToPath(new URL('../examples/data/emoji/google/', import.meta.url));
await useBackend(wasm());
const base = await loadBase(efficientNetLite0());
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Runs the command line as a user would. */
async function nineClasses(seed) {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-transfer-quality-'));
  const command = ['train', google, '--seed', String(seed), '--output', join(folder, 'model'), '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...command]);
  const { accuracy, loss, seconds } = JSON.parse(stdout.trim().split('\n').at(-1));
  await rm(folder, { recursive: true });
  console.log(`nine classes, seed ${seed}: accuracy ${accuracy.toFixed(3)}, loss ${loss.toFixed(3)}, ${seconds} s`);
  return accuracy;
}

async function drinks(seed) {
  const names = (await readdir(google)).filter((name) => name !== 'food');
  const pictures = [];
  for (const name of names) {
    for (const file of await readdir(google + name))
      pictures.push({ file: `${google}${name}/${file}`, target: name === 'drink' ? 1 : 0 });
  }
  const order = (file) => createHash('sha256').update(`${seed}/${file}`).digest('hex');
  pictures.sort((a, b) => (order(a.file.slice(google.length)) < order(b.file.slice(google.length)) ? -1 : 1));
  // Half of the drinks and as large a share of the rest is drawn; of each, ten train and up to 150 are measured on.
  const { train, validation } = splitExamples(labelledPictures(pictures), { validation: 0.5, seed });
  const first = (examples, label, count) =>
    examples.targets.flatMap((target, i) => (target === label ? [i] : [])).slice(0, count);
  const part = (examples, count) => pick(examples, [...first(examples, 0, count), ...first(examples, 1, count)]);
  const model = pipe(base, attachHead(classifier(['no drink', 'drink'])));
  const strategy = linearProbe({ epochs: 60, learningRate: 3e-3, batchSize: 20 });
  const { model: tuned } = await fineTune(model, { train: part(train, 10) }, strategy, { seed });
  const { metrics } = await evaluate(tuned, part(validation, 150), { metrics: [auc('drink')] });
  dispose(tuned);
  dispose(model);
  console.log(`drinks, draw ${seed}: area under the ROC curve ${metrics.auc.toFixed(3)}`);
  return metrics.auc;
}

const pick = (examples, indices) => ({
  ...examples,
  size: indices.length,
  targets: indices.map((index) => examples.targets[index]),
  describe: (index) => examples.describe(indices[index]),
  read: (rows, request) =>
    examples.read(
      rows.map((row) => indices[row]),
      request,
    ),
});

const seeds = (count) => Array.from({ length: count }, (_, seed) => seed);
const aucs = [];
for (const seed of seeds(10)) aucs.push(await drinks(seed));
console.log(
  `drinks from 10 examples of each kind: mean area under the ROC curve ${mean(aucs).toFixed(3)} of 10 draws\n`,
);
const accuracies = [];
for (const seed of seeds(5)) accuracies.push(await nineClasses(seed));
console.log(`nine classes: mean accuracy ${mean(accuracies).toFixed(3)} of 5 seeds`);
