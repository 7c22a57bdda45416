// MiniLM-L6 at 128 tokens by this library's public functions, on WASM: `ours` with the adapter's kernels, `tfjs` without.
import {
  attachHead,
  dispose,
  fineTuneSteps,
  linearProbe,
  loadBase,
  lora,
  pipe,
  sequence,
  train,
  useBackend,
} from 'tfjs-transfer';
import { classifier } from 'tfjs-transfer/heads';
import { embed, loadTokenizer, textExamples } from 'tfjs-transfer/text';
import { cpuSecondsOf, median, serve } from '../run/serve.mjs';

const [whose, folder] = process.argv.slice(2);
if (whose === 'ours') {
  const { wasm } = await import('tfjs-transfer/backends/wasm');
  await useBackend(wasm());
} else {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
}
const [base, tokenizer] = await Promise.all([
  loadBase(folder, { cut: 'mean' }),
  loadTokenizer(folder, { length: 128 }),
]);
const model = pipe(base, attachHead(classifier(['even', 'odd'])));
/** Texts of more tokens than are read, no two alike. */
const texts = Array.from({ length: 64 }, (_, i) =>
  Array.from({ length: 130 }, (_, j) => String.fromCharCode(97 + ((i * 7 + j * 11) % 26))).join(' '),
);
const first = (count) => texts.slice(0, count);
const examples = (count) => ({
  train: textExamples(
    first(count),
    first(count).map((_, index) => index % 2),
    tokenizer,
  ),
});
const forward = (batchSize) => async () => {
  const seconds = [];
  for (let i = 0; i < 3; i++) {
    seconds.push(await cpuSecondsOf(() => embed(base, first(batchSize), tokenizer, { batchSize })));
  }
  return median(seconds) / batchSize;
};

/** Seconds up to each event of a kind, from the one before it on; the first, which warms up, is left out. */
async function secondsBetween(kind, count, strategy, settings) {
  const seconds = [];
  let start = process.cpuUsage();
  for await (const event of fineTuneSteps(model, examples(count), strategy, settings)) {
    if (event.kind === 'done') dispose(event.model);
    if (event.kind !== kind) continue;
    const { user, system } = process.cpuUsage(start);
    seconds.push((user + system) / 1e6);
    start = process.cpuUsage();
  }
  return median(seconds.slice(1));
}

const batch = 16;
const lowRank = lora({ r: 8, alpha: 16, targetModules: ['query', 'value'] });
const epochOf = (epochs, settings) => () =>
  secondsBetween('epoch', 64, linearProbe({ epochs, batchSize: batch }), settings);
await serve(`${whose === 'ours' ? 'tfjs-transfer' : 'tfjs'}, WASM, Node ${process.versions.node}`, {
  'one text': forward(1),
  'batch of 8': forward(8),
  'batch of 16': forward(batch),
  'LoRA step, batch of 16': async () =>
    (await secondsBetween('step', 48, sequence(lowRank, train({ epochs: 1, batchSize: batch })))) / batch,
  'epoch that runs the encoder': epochOf(2, { cacheBytes: 0 }),
  'epoch on cached features': epochOf(20),
});
