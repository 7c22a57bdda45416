import { pathToFileURL } from 'node:url';
import { test } from 'vitest';
import { installTfjsNode } from '../../scripts/install-tfjs-node.mjs';
import { node } from '../../src/backends/node.ts';
import { gradientContract } from './gradients-contract.ts';
import { layerContract } from './gradients-layers-contract.ts';

const root = new URL('../../', import.meta.url).pathname;
const reasons: string[] = [];
const installed = await installTfjsNode(`${root}test/.tmp/tfjs-node`).catch((error: Error) => {
  reasons.push(`tfjs-node could not be installed: ${error.message.split('\n', 1)[0]}`);
});

if (installed) {
  const native = node({ lib: () => import(pathToFileURL(`${installed}/dist/index.js`).href) });
  // TensorFlow pads its way or not at all.
  gradientContract(native, 1e-4, ['conv2d, padding by number', 'conv2d, padding by side']);
  layerContract(native, 1e-4);
} else {
  test('the gradients on tensorflow', (context) => context.skip(reasons[0]));
}
