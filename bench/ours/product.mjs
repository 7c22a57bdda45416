// The matrix product 1176x192x1152 by tfjs' operation on WASM: `ours` with the adapter's kernels, `tfjs` without.
import * as tf from '@tensorflow/tfjs-core';
import { median, secondsOf, serve } from '../run/serve.mjs';

const [whose] = process.argv.slice(2);
if (whose === 'ours') {
  const { useBackend } = await import('tfjs-transfer');
  const { wasm } = await import('tfjs-transfer/backends/wasm');
  await useBackend(wasm());
} else {
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
}

const [m, k, n] = [1176, 192, 1152];
const product = (transposeA, transposeB) => {
  const a = tf.randomNormal(transposeA ? [k, m] : [m, k]);
  const b = tf.randomNormal(transposeB ? [n, k] : [k, n]);
  return async () => {
    const times = [];
    for (let i = 0; i < 11; i++) times.push(await secondsOf(() => tf.matMul(a, b, transposeA, transposeB).dispose()));
    return median(times);
  };
};
await serve(`${whose}, Node ${process.versions.node}`, {
  plain: product(false, false),
  'A transposed': product(true, false),
  'B transposed': product(false, true),
});
