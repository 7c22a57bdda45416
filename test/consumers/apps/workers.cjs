const { attachHead, fineTune, linearProbe, loadBase, pipe, predict, useBackend } = require('tfjs-transfer');
const { wasm } = require('tfjs-transfer/backends/wasm');
const { fromArrays } = require('tfjs-transfer/data');
const { classifier } = require('tfjs-transfer/heads');
const { featureWorkers } = require('tfjs-transfer/node');

const picture = (value) => new Array(16).fill(new Array(16).fill([value, value, value]));

async function main() {
  await useBackend(wasm());
  const model = pipe(await loadBase(process.argv[2]), attachHead(classifier(['dark', 'light'])));
  const data = { train: fromArrays([10, 240, 30, 220].map(picture), [0, 1, 0, 1]) };
  const scores = [];
  const events = [];
  for (const workers of [undefined, featureWorkers(2)]) {
    const settings = { workers, onEvent: ({ kind }) => events.push(kind) };
    const { model: tuned, ended } = await fineTune(model, data, linearProbe({ epochs: 2, batchSize: 2 }), settings);
    scores.push((await predict(tuned, picture(200)))[0].score);
    if (workers) return { same: scores[0] === scores[1], ended, died: events.includes('workerDied') };
  }
}

main().then((result) => console.log(JSON.stringify(result)));
