// What a search costs beside what it searches on: 30 ways to train a head on the features of 548 pictures against the
// computation of the features, once. `npm run bench:sweep` takes a minute of one core.
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { adamw, attachHead, dispose, linearProbe, loadBase, pipe, sgd, useBackend } from 'tfjs-transfer';
import { sweep } from 'tfjs-transfer/analyse';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { classifier } from 'tfjs-transfer/heads';
import { imageFolder } from 'tfjs-transfer/node';

await useBackend(wasm());
const base = await loadBase(efficientNetLite0());
const pictures = fileURLToPath(new URL('../examples/data/emoji/google/', import.meta.url));
const data = await imageFolder(pictures, { validation: 0.25, seed: 1 });
const model = pipe(base, attachHead(classifier(data.labels)));
const grid = [undefined, adamw({ weightDecay: 0.1 }), sgd({ momentum: 0.9 })].flatMap((optimizer) =>
  [1e-4, 3e-4, 1e-3, 3e-3, 1e-2].flatMap((learningRate) =>
    [16, 64].map((batchSize) => linearProbe({ learningRate, batchSize, epochs: 20, ...(optimizer && { optimizer }) })),
  ),
);
const began = performance.now();
let extracted = began;
const { winner, rows, epochs } = await sweep(model, grid, data, {
  budget: 300,
  onEvent(event) {
    if (event.kind === 'features') extracted = performance.now();
  },
});
const [features, runs] = [extracted - began, performance.now() - extracted].map((ms) => ms / 1000);
console.log(
  `Features of ${data.train.size + data.validation.size} pictures: ${features.toFixed(1)} s. ${grid.length} heads, ${epochs} epochs in all: ${runs.toFixed(1)} s, ` +
    `${(runs / features).toFixed(2)} of that (held to: less than 1).`,
);
console.log(
  `The best has ${winner.value} after ${winner.epochs} epochs, the worst ${rows.at(-1).value}:\n${winner.code}`,
);
for (const handle of [model, base]) dispose(handle);
