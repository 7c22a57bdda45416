// What every app of these tests does, whatever packs and runs it: the base learns to tell dark from light.
import * as tf from '@tensorflow/tfjs-core';
import { attachHead, fineTune, freeze, linearProbe, loadBase, pipe, predict, useBackend } from 'tfjs-transfer';
import { fromArrays } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';

const registered = () => Object.keys(tf.engine().registryFactory);
const afterImport = registered();

const picture = (value) => new Array(16).fill(new Array(16).fill([value, value, value]));

export async function run(backend, place, { batchSize = 32, ...settings } = {}) {
  await useBackend(backend);
  const model = pipe(await loadBase(place), freeze(), attachHead(classifier(['dark', 'light'])));
  const data = { train: fromArrays([10, 240, 30, 220].map(picture), [0, 1, 0, 1]) };
  const strategy = linearProbe({ epochs: 20, learningRate: 0.05, batchSize });
  const { model: tuned, ended } = await fineTune(model, data, strategy, settings);
  const [best] = await predict(tuned, picture(200));
  return { afterImport, backends: registered(), ended, best };
}
