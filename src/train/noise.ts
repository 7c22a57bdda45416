import * as tf from '@tensorflow/tfjs-core';
import { normal, type Random } from '../core/random.ts';
import type { DroppingLayer } from '../model/encoder/layer-class.ts';
import type { Layer } from '../model/tfjs-internals.ts';

/** Noise that a layer adds in training, drawn from a given stream: tfjs' own cannot be seeded by step (trap T22). */
type Noise = (input: tf.Tensor, layer: NoiseLayer, random: Random) => tf.Tensor;

interface NoiseLayer {
  readonly rate: number;
  readonly stddev: number;
  readonly noiseShape?: readonly (number | null)[] | null;
}

const drawn = (shape: readonly number[], draw: () => number) =>
  tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, draw), [...shape]);

/** Zeros with probability `rate`, ones else. */
function kept(shape: readonly number[], rate: number, random: Random): tf.Tensor {
  // A loop: attention has millions of numbers to drop, and Float32Array.from takes five times as long.
  const numbers = new Float32Array(tf.util.sizeFromShape([...shape]));
  for (let i = 0; i < numbers.length; i++) numbers[i] = random() < rate ? 0 : 1;
  return tf.tensor(numbers, [...shape]);
}

const dropout: Noise = (input, { rate, noiseShape }, random) =>
  tf.div(
    tf.mul(
      input,
      kept(
        input.shape.map((size, axis) => noiseShape?.[axis] ?? size),
        rate,
        random,
      ),
    ),
    1 - rate,
  );

const noises: Readonly<Record<string, Noise>> = {
  Dropout: dropout,
  SpatialDropout1D: (input, { rate }, random) =>
    dropout(input, { rate, stddev: 0, noiseShape: [null, 1, null] }, random),
  GaussianNoise: (input, { stddev }, random) =>
    tf.add(
      input,
      drawn(input.shape, () => stddev * normal(random)),
    ),
  GaussianDropout: (input, { rate }, random) => {
    const deviation = Math.sqrt(rate / (1 - rate));
    return tf.mul(
      input,
      drawn(input.shape, () => 1 + deviation * normal(random)),
    );
  },
  // Klambauer et al., 2017, section 3: what is dropped takes the value that keeps mean and variance.
  AlphaDropout: (input, { rate, noiseShape }, random) => {
    const dropped = -1.7580993408473766;
    const scale = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
    const mask = kept(
      input.shape.map((size, axis) => noiseShape?.[axis] ?? size),
      rate,
      random,
    );
    const mixed = tf.add(tf.mul(input, mask), tf.mul(tf.sub(1, mask), dropped));
    return tf.add(tf.mul(mixed, scale), -scale * dropped * rate);
  },
};

/** The layers of encoders have their dropout inside. */
const asDropping = (layer: object): DroppingLayer | undefined =>
  'callDropping' in layer ? (layer as DroppingLayer) : undefined;

/** @returns Whether a layer draws random numbers in training. */
export function isNoise(layer: Layer): boolean {
  return layer.getClassName() in noises || asDropping(layer) !== undefined;
}

/**
 * Applies the noise of a layer.
 *
 * @param layer A layer of which {@link isNoise} is true.
 * @param inputs The layer's inputs.
 * @param random The stream to draw from.
 */
export function applyNoise(layer: Layer, inputs: readonly tf.Tensor[], random: Random): tf.Tensor {
  const dropping = asDropping(layer);
  if (dropping) {
    return dropping.callDropping(inputs, (x, rate) => (rate > 0 ? dropout(x, { rate, stddev: 0 }, random) : x));
  }
  const [input] = inputs as readonly [tf.Tensor];
  const settings = layer as unknown as NoiseLayer;
  const off = settings.stddev === undefined && !(settings.rate > 0 && settings.rate < 1);
  return off ? tf.clone(input) : (noises[layer.getClassName()] as Noise)(input, settings, random);
}
