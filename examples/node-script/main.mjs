// A folder of pictures, with a folder in it for each class, becomes a model that tells them apart:
//   node main.mjs flowers/ rose.jpg
import { fileURLToPath } from 'node:url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { attachHead, fineTune, loadBase, pipe, predict, probeThenTune, saveModel, useBackend } from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { classifier } from 'tfjs-transfer/heads';
import { imageFolder } from 'tfjs-transfer/node';

const emoji = fileURLToPath(new URL('../data/emoji/google/', import.meta.url));
const [folder = emoji, picture = `${emoji}drink/tea.png`, output = 'model'] = process.argv.slice(2);

await useBackend(wasm());
const data = await imageFolder(folder, { validation: 0.25, seed: 7 });
const model = pipe(await loadBase(efficientNetLite0()), attachHead(classifier(data.labels)));
const { model: tuned, history } = await fineTune(model, data, probeThenTune(), { seed: 7 });
const { epochs, kept } = history.phases.at(-1);
console.log(`accuracy on ${data.validation.size} pictures kept apart: ${epochs[kept].validation.metrics.accuracy}`);
console.log(picture, await predict(tuned, picture, { topK: 3 }));
await saveModel(tuned, output);
