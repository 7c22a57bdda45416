import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Base } from '../core/handle.ts';
import { randomStream } from '../core/random.ts';
import { assertSettings } from '../core/settings.ts';
import { graphOf } from '../model/graph.ts';
import { heKernel } from '../model/he-kernel.ts';
import { makeBase } from '../model/make-base.ts';
import { assertBackend } from '../model/one-tfjs.ts';
import { variablesOf } from '../model/tfjs-internals.ts';
import { layersOf, weightsOf } from '../model/weights.ts';

/** Settings of {@link tinyCnn}. */
export interface TinyCnnSettings {
  /** Height and width of its pictures in pixels. Default: 64. */
  readonly size?: number;
  /** Seed of its random weights. Default: 0. */
  readonly seed?: number;
}

/**
 * A small convolutional network with random weights, to pretrain in a minute and transfer from: a stem and three
 * depthwise separable blocks (16, 32, 64, 128 channels), each halving the picture. 13,000 parameters.
 *
 * Train it whole with `unfreeze()` and `batchNorm('train')`; `asBase` makes the trained model a base. Weights are
 * He normal (He et al., 2015).
 *
 * @param settings The size of pictures and the seed.
 * @returns The base: it reads RGB pictures, `[size, size, 3]`, and scales pixels from 0..255 to -1..1.
 * @throws TransferError `BACKEND_UNKNOWN` where no backend was chosen.
 *
 * @example
 * ```ts
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = tinyCnn({ size: 32, seed: 7 });
 * console.log(base.outputShape); // [ 2, 2, 128 ]
 * ```
 */
export function tinyCnn(settings: TinyCnnSettings = {}): Base {
  assertSettings('tinyCnn', settings, { size: 64, seed: 7 });
  const { size = 64, seed = 0 } = settings;
  assertBackend();
  const input = tfl.input({ shape: [size, size, 3], name: 'image' });
  const layers = [
    tfl.layers.conv2d({ name: 'stem_conv', filters: 16, kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
    tfl.layers.batchNormalization({ name: 'stem_norm', momentum: 0.9 }),
    tfl.layers.reLU({ name: 'stem_relu' }),
    ...[32, 64, 128].flatMap((filters, index) => block(`block${index + 1}`, filters)),
  ];
  const output = layers.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, input);
  const model = tfl.model({ inputs: input, outputs: output, name: 'tiny-cnn' });
  const variables = layersOf(graphOf(model)).flatMap(({ layer, path }) => weightsOf(layer, path));
  for (const { info, variable } of variables) {
    if (!info.key.endsWith('kernel')) continue;
    const random = randomStream(seed, info.key);
    const values = heKernel(info, random);
    tf.tidy(() => (variable.val as tf.Variable).assign(tf.tensor(values, [...info.shape])));
  }
  const scaling = { input: { scale: 1 / 127.5, offset: -1 }, cut: false } as const;
  const owned = layers.flatMap(variablesOf);
  return makeBase(model, scaling, { name: 'tiny-cnn' }, () => tf.dispose(owned.map(({ val }) => val)));
}

function block(name: string, filters: number): tfl.layers.Layer[] {
  return [
    tfl.layers.depthwiseConv2d({
      name: `${name}_depthwise`,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
    }),
    tfl.layers.batchNormalization({ name: `${name}_depthwise_norm`, momentum: 0.9 }),
    tfl.layers.reLU({ name: `${name}_depthwise_relu` }),
    tfl.layers.conv2d({ name: `${name}_pointwise`, filters, kernelSize: 1, useBias: false }),
    tfl.layers.batchNormalization({ name: `${name}_pointwise_norm`, momentum: 0.9 }),
    tfl.layers.reLU({ name: `${name}_pointwise_relu` }),
  ];
}
