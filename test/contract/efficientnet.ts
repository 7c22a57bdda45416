import * as tf from '@tensorflow/tfjs-core';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { dispose } from '../../src/model/dispose.ts';
import { infer } from '../../src/model/execute.ts';
import { loadBase } from '../../src/model/load-base.ts';
import { networkBehind } from '../../src/model/network.ts';
import { readSafetensors } from '../goldens/read-safetensors.ts';

/** Runs EfficientNet-Lite0 on the current backend: the largest difference to Keras in each of its golden outputs. */
export async function efficientNetDifferences(): Promise<Readonly<Record<string, number>>> {
  const golden = await readSafetensors('test/goldens/efficientnet-lite0/golden.safetensors');
  // The golden's input is what the network reads after scaling, so scaling is left out.
  const base = await loadBase(efficientNetLite0(), { cut: false, input: { scale: 1, offset: 0 } });
  const { graph } = networkBehind(base);
  const pixels = Float32Array.from(
    { length: 2 * 224 * 224 * 3 },
    (_, k) => Math.sin(0.01 * k) + (((7919 * k) % 256) - 127) / 128,
  );
  const names = ['block5c_add', 'avg_pool', 'predictions'];
  const outputs = tf.tidy(() => {
    const images = tf.tensor(pixels, [2, 224, 224, 3]);
    const wanted = names.map((name) => graph.applications.find(({ path }) => path === name)?.outputs[0] as number);
    const [block, ...others] = infer(
      graph.applications,
      new Map([[graph.inputs[0] as number, { tensor: images, mask: null }]]),
      wanted,
    ).map(({ tensor }) => tensor);
    return [tf.mean(block as tf.Tensor, [1, 2]), ...others];
  });
  const read = await Promise.all(outputs.map((output) => output.data()));
  tf.dispose(outputs);
  dispose(base);
  return Object.fromEntries(
    ['block5c_add_mean', 'avg_pool', 'predictions'].map((name, i) => {
      const expected = golden[name]?.data as Float32Array;
      return [name, Math.max(...expected.map((value, k) => Math.abs(value - (read[i]?.[k] as number))))];
    }),
  );
}
