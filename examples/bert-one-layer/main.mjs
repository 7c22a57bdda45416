// A spam filter on real mail: BERT with one additional output layer. What trains is the layer alone, the top two blocks,
// an update of low rank in every block (LoRA), or all, side by side on the same mails.
//   node main.mjs [--base <folder>] [--mails 1512] [--only 'head alone'] [--quick]
import { readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  adamw,
  attachHead,
  chain,
  clipByGlobalNorm,
  dispose,
  explain,
  fineTune,
  lastWeights,
  linear,
  linearProbe,
  loadBase,
  lora,
  pipe,
  sequence,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { saveDelta } from 'tfjs-transfer/adapters';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { splitExamples } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { hub } from 'tfjs-transfer/stores';
import { loadTokenizer, textExamples } from 'tfjs-transfer/text';
import { labels, readMails } from './mails.mjs';

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: process.env.MINILM_L6 },
    mails: { type: 'string', default: '1512' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const output = fileURLToPath(new URL('../../runs/bert-one-layer/', import.meta.url));
const tinyBert = fileURLToPath(new URL('../../test/goldens/text/tiny-bert', import.meta.url));

await useBackend(wasm());

// 1. The encoder: a folder that was named, or MiniLM from the hub, which is kept for the next time. Where it cannot be
// had, a BERT of 35,000 random weights shows that every step runs, and nothing else.
const wanted = values.base ?? hub('sentence-transformers/all-MiniLM-L6-v2');
const place = await loadTokenizer(wanted).then(
  () => wanted,
  (error) => {
    if (error.code !== 'OFFLINE') throw error;
    console.log(`Skipped: MiniLM. ${error.message}`);
    console.log('tiny-bert, whose weights are random, takes its place: what follows says nothing of BERT.');
    return tinyBert;
  },
);
const tokenizer = await loadTokenizer(place, { length: 128 });
const base = await loadBase(place, { cut: 'mean' });
const model = pipe(base, attachHead(classifier(labels)));

// 2. The mails. The last weights count, so that no run chooses its best epoch by the fifth that it is measured on.
const { texts, targets } = await readMails(quick ? 60 : Number(values.mails));
const data = splitExamples(textExamples(texts, targets, tokenizer), { validation: 0.2, seed: 7 });
const spam = data.validation.targets.filter((target) => target === 1).length / data.validation.size;
console.log(
  `${data.train.size} mails to learn from, ${data.validation.size} to measure on, ${percent(spam)} of them spam.`,
);

// 3. What trains.
const tuned = (epochs, learningRate) =>
  train({
    epochs: quick ? 1 : epochs,
    batchSize: 16,
    learningRate,
    schedule: linear({ warmup: 30 }),
    optimizer: chain(clipByGlobalNorm(1), adamw()),
    callbacks: [lastWeights()],
  });
const runs = {
  'head alone': linearProbe({ epochs: quick ? 2 : 20, callbacks: [lastWeights()] }),
  'top two blocks': sequence(unfreezeTop(2), tuned(4, 1e-4)),
  LoRA: sequence(lora({ r: 8, alpha: 16, targetModules: ['query', 'value'] }), tuned(3, 1e-3)),
  all: sequence(unfreeze(), tuned(2, 5e-5)),
};

// 4. Side by side.
const rows = [];
for (const [name, strategy] of Object.entries(runs)) {
  if (values.only && name !== values.only) continue;
  const started = performance.now();
  const { model: result, history } = await fineTune(model, data, strategy, { seed: 7 });
  const seconds = (performance.now() - started) / 1000;
  const { metrics } = history.phases.at(-1).epochs.at(-1).validation;
  const folder = `${output}${name.replace(/\W+/g, '-')}`;
  // What differs from the base, the layer on top included: all that has to be kept beside it.
  await saveDelta(result, base, folder);
  dispose(result);
  rows.push({
    name,
    accuracy: metrics.accuracy.toFixed(3),
    trained: explain(model, strategy).at(-1).parameters.toLocaleString('en'),
    seconds: seconds.toFixed(0),
    'file, MB': ((await bytesIn(folder)) / 1e6).toFixed(1),
  });
  console.log(`${name}: accuracy ${metrics.accuracy.toFixed(3)} after ${seconds.toFixed(0)} s`);
}
console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])));
for (const handle of [model, base]) dispose(handle);

async function bytesIn(folder) {
  const sizes = (await readdir(folder)).map(async (file) => (await stat(`${folder}/${file}`)).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}
