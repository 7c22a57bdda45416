import * as tf from '@tensorflow/tfjs-core';
import {
  adamw,
  chain,
  clipByGlobalNorm,
  dispose,
  type Edit,
  fineTune,
  freeze,
  linear,
  sequence,
  type TransferModel,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { loadTokenizer, textExamples } from 'tfjs-transfer/text';
import { describe, expect, test } from 'vitest';
import { sourceName } from '../../src/model/encoder/weight-names.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import tokens from '../goldens/text/tiny-bert/tokens.golden.json' with { type: 'json' };
import { golden, textFolder } from '../support/encoders.ts';
import { disposeStart, startModel } from '../support/tiny-bert.ts';

type Tensors = Readonly<Record<string, tf.Tensor>>;

/** PyTorch's AdamW with decay on matrices and none on vectors, as the references were trained. */
const optimizer = adamw({ weightDecay: 0.01, decays: 'matrices', epsilon: 1e-8, convention: 'pytorch' });

/** What PyTorch calls a weight, and whether it keeps it transposed. */
function sourceOf(key: string): readonly [name: string, isTransposed: boolean] {
  const isKernel = key.endsWith('kernel');
  if (key.startsWith('head_logits/')) return [`classifier.${isKernel ? 'weight' : 'bias'}`, isKernel];
  const [layer = '', ...rest] = key.split('/');
  return [`bert.${sourceName('bert', layer, rest.join('/'))}`, isKernel];
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] as number))), 0);
};

/** BitFit (Ben Zaken et al., 2022): biases alone, those of normalizations included. */
const biases = (model: TransferModel): TransferModel => {
  const keys = model.layers.flatMap(({ part, weights }) => (part === 'base' ? weights.map(({ key }) => key) : []));
  const trains = new Set(keys.filter((key) => /\/(bias|beta)$/.test(key)));
  return { ...model, settings: { ...model.settings, trains } };
};

const cases: readonly (readonly [name: string, edit: Edit | typeof biases])[] = [
  ['full', unfreeze()],
  ['head', freeze()],
  ['top1', unfreezeTop(1)],
  ['bitfit', biases],
];

describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('tiny-bert trains on %s as PyTorch does', (_name, backend) => {
  test.each(cases)('%s', async (name, edit) => {
    await useBackend(backend());
    const before = tf.memory().numTensors;
    const start = await startModel();
    const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
    const texts = tokens.cases.slice(0, 6).map(({ text }) => text);
    const data = { train: textExamples(texts, [0, 1, 2, 0, 1, 2], tokenizer) };
    const phase = train({
      epochs: 8,
      batchSize: 6,
      learningRate: 2e-3,
      schedule: linear({ warmup: 2 }),
      optimizer: chain(clipByGlobalNorm(1), optimizer),
    });
    const { model, history } = await fineTune(edit(start), data, sequence(phase));
    const reference: Tensors = await golden(`test/goldens/text/tiny-bert/train-${name}.golden.safetensors`);
    const epochs = history.phases.flatMap((one) => one.epochs);
    const losses = largest(
      epochs.map(({ loss }) => loss),
      reference.losses?.dataSync() ?? [],
    );
    const rates = largest(
      epochs.map(({ learningRate }) => learningRate),
      reference.rates?.dataSync() ?? [],
    );
    const { variables } = networkBehind(model);
    // Softmax does not see a shift of all keys: their gradient is 0, and Adam makes rounding noise as large as a step.
    const keys = model.layers
      .flatMap(({ weights }) => weights.map(({ key }) => key))
      .filter((key) => !key.endsWith('attention/key/bias'));
    expect(keys.length).toBe(5 + 3 * 15 + 2 + 2);
    const differences = keys.map((key) => {
      const [source, isTransposed] = sourceOf(key);
      return tf.tidy(() => {
        const expected = reference[source] as tf.Tensor;
        const own = tensorOf(variables, model.lease.values, key);
        return largest(own.dataSync(), (isTransposed ? tf.transpose(expected) : expected).dataSync());
      });
    });
    console.log(`${name} on ${tf.getBackend()}: losses ${losses}, weights ${Math.max(...differences)}`);
    expect(losses).toBeLessThan(1e-4);
    expect(rates).toBeLessThan(1e-9);
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    tf.dispose(Object.values(reference));
    dispose(model);
    disposeStart(start);
    expect(tf.memory().numTensors).toBe(before);
  });
});
