// Say in one sentence what this example shows: a model learns dark from light, from eight pictures made here.
import { attachHead, fineTune, linearProbe, pipe, predict, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { fromArrays } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';

const size = 16;
/** A picture of one grey: height x width x 3, 0 to 255. */
const grey = (value) => new Array(size).fill(new Array(size).fill([value, value, value]));

await useBackend(cpu());
const values = [10, 30, 50, 70, 180, 200, 220, 240];
const data = { train: fromArrays(values.map(grey), [0, 0, 0, 0, 1, 1, 1, 1]) };
const model = pipe(tinyCnn({ size }), attachHead(classifier(['dark', 'light'])));
const { model: tuned } = await fineTune(model, data, linearProbe({ epochs: 30, learningRate: 1e-2 }), { seed: 7 });

console.log('20 of 255:', await predict(tuned, grey(20)));
console.log('230 of 255:', await predict(tuned, grey(230)));
