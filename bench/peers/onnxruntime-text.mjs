// MiniLM-L6 at 128 tokens on onnxruntime-web, WASM, one thread.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cpuSecondsOf, median, serve } from '../run/serve.mjs';

const [packageFolder, network] = process.argv.slice(2);
const ort = createRequire(join(packageFolder, 'x.js'))('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(network, { executionProviders: ['wasm'] });
const forward = (batch) => {
  const tensor = (idOf) => new ort.Tensor('int64', BigInt64Array.from({ length: batch * 128 }, idOf), [batch, 128]);
  const feeds = {
    ids: tensor((_, index) => BigInt(1000 + ((index * 7919) % 20000))),
    mask: tensor(() => 1n),
    types: tensor(() => 0n),
  };
  return async () => {
    const seconds = [];
    for (let i = 0; i < 3; i++) seconds.push(await cpuSecondsOf(() => session.run(feeds)));
    return median(seconds) / batch;
  };
};
await serve(`onnxruntime-web ${ort.env.versions.web ?? ''}, WASM, Node ${process.versions.node}`, {
  'one text': forward(1),
  'batch of 8': forward(8),
});
