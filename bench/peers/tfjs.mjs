// EfficientNet-Lite0 as tfjs' own guide has it, on its WASM backend or on native TensorFlow: loadLayersModel, predict,
// layers with trainable = false, model.fit.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { readPictures, size } from '../run/pictures.mjs';
import { median, secondsOf, serve } from '../run/serve.mjs';

const [backend, tfjsNode] = process.argv.slice(2);
if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
else createRequire(import.meta.url)(tfjsNode);
await tf.setBackend(backend);

const folder = fileURLToPath(new URL('../../bases/efficientnet-lite0/model/', import.meta.url));
async function load() {
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const files = await Promise.all(weightsManifest[0].paths.map((path) => readFile(join(folder, path))));
  const weightData = new Uint8Array(Buffer.concat(files)).buffer;
  return layers.loadLayersModel({
    load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }),
  });
}
const { pixels, labels, classes } = await readPictures();
const pictures = (count) =>
  tf.tidy(() =>
    tf.div(tf.sub(tf.tensor(pixels.subarray(0, count * size * size * 3), [count, size, size, 3], 'float32'), 127), 128),
  );
const targets = (count) => tf.oneHot(tf.tensor1d(labels.slice(0, count), 'int32'), classes);

/** The base without its classifier, a new one on it. */
async function withHead(trains) {
  const base = await load();
  for (const layer of base.layers) layer.trainable = trains(layer);
  const logits = layers.layers.dense({ units: classes, activation: 'softmax' }).apply(base.getLayer('avg_pool').output);
  const model = layers.model({ inputs: base.inputs, outputs: logits });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy' });
  return model;
}

const prepared = {};
const once = (name, make) => (prepared[name] ??= make());
await serve(`tfjs 4.22, ${backend}, Node ${process.versions.node}`, {
  forward: async () => {
    const model = await once('whole', load);
    const batch = await once('batch', async () => pictures(32));
    return (await secondsOf(async () => tf.tidy(() => model.predict(batch).dataSync()))) / 32;
  },
  step: async () => {
    const model = await once('all', () => withHead((layer) => layer.getClassName() !== 'BatchNormalization'));
    const [x, y] = await once('sixteen', async () => [pictures(16), targets(16)]);
    const times = [];
    for (let i = 0; i < 3; i++) times.push(await secondsOf(() => model.trainOnBatch(x, y)));
    return median(times) / 16;
  },
  'head phase': async () => {
    const model = await once('frozen', () => withHead(() => false));
    const [x, y] = await once('everything', async () => [pictures(256), targets(256)]);
    // With batches of 32, as the others have them, it runs out of memory: it keeps what no gradient needs (trap T12).
    return secondsOf(() => model.fit(x, y, { epochs: 10, batchSize: 8, verbose: 0 }));
  },
});
