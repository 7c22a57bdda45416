// What `npm run bench` compares, and the figures that are held to.
import { fileURLToPath } from 'node:url';
import { miniLm, onnxruntime, onnxruntimeText, python, relaxedNode, tfjsNode } from './run/install.mjs';
import { textRows } from './text-rows.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const node = process.execPath;

const backends = ['wasm', 'webgl', 'webgpu'];

/** How each contender is started. */
export const contenders = {
  ...Object.fromEntries(
    backends.map((name) => [`Chromium, ${name}`, async () => ({ command: [node, file('browser.mjs'), name, '2'] })]),
  ),
  ours: async () => ({ command: [node, file('ours/network.mjs')] }),
  'ours, relaxed SIMD': async () => ({ command: [await relaxedNode(), file('ours/network.mjs')] }),
  tfjs: async () => ({ command: [node, file('peers/tfjs.mjs'), 'wasm'] }),
  'tfjs-node': async () => ({ command: [node, file('peers/tfjs.mjs'), 'tensorflow', await tfjsNode()] }),
  'onnxruntime-web': async () => ({ command: [node, file('peers/onnxruntime.mjs'), await onnxruntime()] }),
  Keras: async () => ({ command: [await python(), file('peers/keras_peer.py')] }),
  PyTorch: async () => ({ command: [await python(), file('peers/torch_peer.py')] }),
  'product, ours': async () => ({ command: [node, file('ours/product.mjs'), 'ours'] }),
  'product, ours, relaxed SIMD': async () => ({ command: [await relaxedNode(), file('ours/product.mjs'), 'ours'] }),
  'product, tfjs': async () => ({ command: [node, file('ours/product.mjs'), 'tfjs'] }),
  'text, ours': async () => ({ command: [node, file('ours/text.mjs'), 'ours', miniLm()] }),
  'text, ours, relaxed SIMD': async () => ({
    command: [await relaxedNode(), file('ours/text.mjs'), 'ours', miniLm()],
  }),
  'text, tfjs': async () => ({ command: [node, file('ours/text.mjs'), 'tfjs', miniLm()] }),
  'text, onnxruntime-web': async () => ({
    command: [node, file('peers/onnxruntime-text.mjs'), ...(await onnxruntimeText())],
  }),
};

const entry = (contender, task) => ({ contender, task });
const products = ['plain', 'A transposed', 'B transposed'];

const engineRows = [
  {
    name: 'product',
    title: 'Matrix product 1176x192x1152',
    unit: 'ms',
    rounds: 7,
    entries: [
      ...products.map((task) => entry('product, ours', task)),
      ...products.map((task) => entry('product, ours, relaxed SIMD', task)),
      ...products.map((task) => entry('product, tfjs', task)),
    ],
    ratios: products.flatMap((task) => [
      { of: entry('product, ours', task), than: entry('product, tfjs', 'plain'), goal: 1.3 },
      { of: entry('product, ours, relaxed SIMD', task), than: entry('product, tfjs', 'plain'), goal: 1.7 },
    ]),
  },
  {
    name: 'forward',
    title: 'EfficientNet-Lite0 at 224 px, forward, batch 32, a picture',
    unit: 'ms',
    rounds: 5,
    entries: ['ours', 'ours, relaxed SIMD', 'tfjs', 'onnxruntime-web', 'Keras', 'PyTorch', 'tfjs-node'].map((name) =>
      entry(name, 'forward'),
    ),
    ratios: [
      { of: entry('ours', 'forward'), than: entry('tfjs', 'forward'), goal: 2.8 },
      { of: entry('ours', 'forward'), than: entry('onnxruntime-web', 'forward'), goal: 2.2 },
      { of: entry('ours', 'forward'), than: entry('Keras', 'forward'), goal: 1 / 1.4 },
      { of: entry('ours, relaxed SIMD', 'forward'), than: entry('Keras', 'forward'), goal: 1 / 1.1 },
      { of: entry('ours', 'forward'), than: entry('tfjs-node', 'forward'), goal: 1 / 1.1 },
    ],
  },
  {
    name: 'step',
    title: 'Training step of all layers, batch 16, BatchNormalization frozen, a picture',
    unit: 'ms',
    rounds: 5,
    entries: ['ours', 'ours, relaxed SIMD', 'Keras', 'PyTorch', 'tfjs-node'].map((name) => entry(name, 'step')),
    ratios: [
      { of: entry('ours', 'step'), than: entry('Keras', 'step'), goal: 1 / 1.6 },
      { of: entry('ours, relaxed SIMD', 'step'), than: entry('Keras', 'step'), goal: 1 / 1.6 },
      { of: entry('ours', 'step'), than: entry('PyTorch', 'step'), goal: 1 },
      { of: entry('ours', 'step'), than: entry('tfjs-node', 'step'), goal: 1 },
    ],
  },
  {
    name: 'last-block',
    title: 'The last block on cached features, batch 16, a picture',
    unit: 'ms',
    rounds: 5,
    entries: ['ours', 'ours, relaxed SIMD'].flatMap((name) =>
      ['step', 'forward'].map((task) => entry(name, `last block, ${task}`)),
    ),
    ratios: [{ of: entry('ours', 'last block, step'), than: entry('ours', 'last block, forward'), goal: 1 / 3 }],
  },
  {
    name: 'scale',
    title: 'Features of 64 and of 2,048 pictures, a picture',
    unit: 'ms',
    rounds: 2,
    entries: [entry('ours', 'features of 64'), entry('ours', 'features of 2,048')],
    ratios: [{ of: entry('ours', 'features of 2,048'), than: entry('ours', 'features of 64'), goal: 1 / 1.1 }],
  },
  {
    name: 'job',
    title: 'The transfer job: 256 pictures, 10 epochs of the head, 5 of the head with the last block, batch 32',
    unit: 's',
    rounds: 1,
    entries: [
      ...['ours', 'ours, relaxed SIMD', 'Keras', 'PyTorch'].map((name) => entry(name, 'job')),
      entry('Keras', 'job, cached'),
      entry('PyTorch', 'job, cached'),
    ],
    ratios: [
      { of: entry('ours', 'job'), than: entry('Keras', 'job'), goal: 3.5 },
      { of: entry('ours', 'job'), than: entry('PyTorch', 'job'), goal: 7 },
    ],
  },
  {
    name: 'model.fit',
    title: 'The head phase of that job: 256 pictures, 10 epochs',
    unit: 's',
    rounds: 1,
    entries: [entry('ours', 'head phase'), entry('tfjs', 'head phase')],
    ratios: [{ of: entry('ours', 'head phase'), than: entry('tfjs', 'head phase'), goal: 20 }],
  },
  {
    name: 'browser',
    title:
      'EfficientNet-Lite0 at 224 px in a browser, batch 2, a picture (webgl and webgpu on a graphics adapter in software)',
    unit: 'ms',
    rounds: 2,
    cores: 2,
    entries: backends.flatMap((name) =>
      ['forward', 'forward, tfjs', 'last block, step'].map((task) => entry(`Chromium, ${name}`, task)),
    ),
  },
];

/**
 * The seconds of `than` by those of `of` are how many times faster it is; the goal is the least of it. `table` is the file
 * in bench/results.
 */
export const rows = [...engineRows.map((row) => ({ ...row, table: 'engine' })), ...textRows];
