// EfficientNet-Lite0 on onnxruntime-web, WASM, one thread.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { folder, readPictures, size } from '../run/pictures.mjs';
import { secondsOf, serve } from '../run/serve.mjs';

const [packageFolder] = process.argv.slice(2);
const ort = createRequire(join(packageFolder, 'x.js'))('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(join(folder, 'efficientnet-lite0.onnx'), {
  executionProviders: ['wasm'],
});
const { pixels } = await readPictures();
const batch = 32;
// Its layout is channels first.
const data = new Float32Array(batch * 3 * size * size);
for (let i = 0; i < batch * size * size; i++) {
  for (let c = 0; c < 3; c++) {
    data[(Math.floor(i / (size * size)) * 3 + c) * size * size + (i % (size * size))] = (pixels[i * 3 + c] - 127) / 128;
  }
}
const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', data, [batch, 3, size, size]) };
await serve(`onnxruntime-web ${ort.env.versions.web ?? ''}, WASM, Node ${process.versions.node}`, {
  forward: async () => (await secondsOf(() => session.run(feeds))) / batch,
});
