// EfficientNet-Lite0 at 224 px in a browser, by this library and as tfjs' own guide has it. browser.mjs calls what is on
// `bench`.
import plain from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import * as transfer from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { webgl } from 'tfjs-transfer/backends/webgl';
import { webgpu } from 'tfjs-transfer/backends/webgpu';
import { fromArrays } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';

const url = new URL('model.json', document.baseURI).href;
const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};
const secondsOf = async (work) => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function stepSeconds(model, examples, strategy) {
  const steps = [];
  let last = performance.now();
  for await (const event of transfer.fineTuneSteps(model, { train: examples }, strategy)) {
    if (event.kind === 'step') steps.push((performance.now() - last) / 1000);
    if (event.kind === 'done') transfer.dispose(event.model);
    last = performance.now();
  }
  return median(steps.slice(1));
}

globalThis.bench = {
  async start(name, batch) {
    const shape = [batch, 224, 224, 3];
    const values = Float32Array.from({ length: batch * 224 * 224 * 3 }, (_, i) => (i * 7919) % 256);
    const labels = Array.from({ length: batch }, (_, i) => i % 2);
    await transfer.useBackend({ wasm: wasm({ wasmPaths }), webgl: webgl(), webgpu: webgpu() }[name]);
    const base = await transfer.loadBase({ ...efficientNetLite0(), url });
    const model = transfer.pipe(base, transfer.attachHead(classifier(['even', 'odd'])));
    const examples = fromArrays({ values, shape }, labels);
    const whole = await loadLayersModel(url);
    const lastBlock = transfer.sequence(
      transfer.unfreezeTop('block7a'),
      transfer.train({ epochs: 4, batchSize: batch }),
    );
    const work = {
      forward: () => secondsOf(() => transfer.evaluate(model, examples, { batchSize: batch })),
      'forward, tfjs': () => secondsOf(() => predict(whole, values, shape)),
      'last block, step': () => stepSeconds(model, examples, lastBlock),
    };
    globalThis.bench.run = async (task) => (await work[task]()) / batch;
  },
};

// Pictures begin in memory and scores end there, as with ours: on a graphics processor that is most of the time.
async function predict(network, values, shape) {
  const input = tf.tensor(values, shape);
  const scores = network.predict(input);
  await scores.data();
  tf.dispose([input, scores]);
}
