const tf = require('@tensorflow/tfjs-core');
const { attachHead, fineTune, freeze, linearProbe, loadBase, pipe, predict, useBackend } = require('tfjs-transfer');
const { cpu } = require('tfjs-transfer/backends/cpu');
const { fromArrays } = require('tfjs-transfer/data');
const { classifier } = require('tfjs-transfer/heads');

const registered = () => Object.keys(tf.engine().registryFactory);
const afterImport = registered();

const picture = (value) => new Array(16).fill(new Array(16).fill([value, value, value]));

async function run(place) {
  await useBackend(cpu());
  const model = pipe(await loadBase(place), freeze(), attachHead(classifier(['dark', 'light'])));
  const data = { train: fromArrays([10, 240, 30, 220].map(picture), [0, 1, 0, 1]) };
  const { model: tuned, ended } = await fineTune(model, data, linearProbe({ epochs: 20, learningRate: 0.05 }));
  const [best] = await predict(tuned, picture(200));
  return { afterImport, backends: registered(), ended, best };
}

run(process.argv[2]).then((result) => console.log(JSON.stringify(result)));
