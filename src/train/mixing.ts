import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import type { InputSpecification } from '../core/handle.ts';
import type { Head } from '../core/head.ts';
import type { Mix } from '../core/mix.ts';
import type { Target } from '../core/outcome.ts';
import { normal, type Random, randomStream } from '../core/random.ts';
import { assertExamplesFinite } from './finite.ts';
import type { Rows } from './term.ts';

/** What an example is mixed with. */
export interface Mixture {
  readonly partner: number;
  /** How much of the example itself stays, from 0 to 1. */
  readonly share: number;
  /** Where the partner's piece lies, of `cutmix`: from and to, exclusive, in pixels. */
  readonly box?: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
}

/** Examples that are mixed with each other. */
export interface Mixing {
  readonly examples: Examples;
  /** What examples are mixed with in a view: a function of the seed, the example and the view alone. */
  of(indices: readonly number[], view: number): readonly Mixture[];
}

/**
 * Mixes examples with each other.
 *
 * @param mix How.
 * @param examples The examples.
 * @param inputs The inputs of the model.
 * @param seed The seed of the run.
 */
export function mixing(mix: Mix, examples: Examples, inputs: readonly InputSpecification[], seed: number): Mixing {
  const [height = 0, width = 0] = (inputs[0] as InputSpecification).shape as readonly number[];
  const one = (index: number, view: number): Mixture => {
    const random = randomStream(seed, mix.name, mix.alpha, index, view);
    const partner = Math.floor(random() * examples.size);
    const share = beta(mix.alpha, random);
    if (mix.name === 'mixup') return { partner, share };
    const side = Math.sqrt(1 - share);
    const [top, bottom] = between(height, side, random);
    const [left, right] = between(width, side, random);
    const area = (bottom - top) * (right - left);
    return { partner, share: 1 - area / (height * width), box: { top, bottom, left, right } };
  };
  const of = (indices: readonly number[], view: number) => indices.map((index) => one(index, view));
  return {
    of,
    examples: {
      ...examples,
      augmented: true,
      async fingerprint() {
        const plain = await examples.fingerprint?.();
        return plain && JSON.stringify([plain, mix, seed]);
      },
      async read(indices, request) {
        const { view, ...plain } = request;
        if (view === undefined) return examples.read(indices, plain);
        const mixtures = of(indices, view);
        const both = [...indices, ...mixtures.map(({ partner }) => partner)];
        const read = await examples.read(both, examples.augmented ? request : plain);
        try {
          await assertExamplesFinite(examples, both, read);
          return tf.tidy(() => read.map((input) => mixed(input, mixtures)));
        } finally {
          tf.dispose([...read]);
        }
      },
    },
  };
}

/** Mixes the first half of a batch with its second half. */
function mixed(input: tf.Tensor, mixtures: readonly Mixture[]): tf.Tensor {
  const [own, other] = tf.split(tf.cast(input, 'float32'), 2) as [tf.Tensor, tf.Tensor];
  const [, height = 1, width = 1] = input.shape;
  const stays = mixtures[0]?.box
    ? tf.tensor4d(
        mixtures.flatMap((mixture) => mask(mixture, height, width)),
        [mixtures.length, height, width, 1],
      )
    : tf.tensor(
        mixtures.map(({ share }) => share),
        [mixtures.length, ...input.shape.slice(1).map(() => 1)],
      );
  return tf.add(tf.mul(own, stays), tf.mul(other, tf.sub(1, stays)));
}

/** Where the example itself is seen: 0 within the box, 1 outside. */
function mask({ box }: Mixture, height: number, width: number): number[] {
  const { top, bottom, left, right } = box as NonNullable<Mixture['box']>;
  const isOther = (y: number, x: number) => y >= top && y < bottom && x >= left && x < right;
  return Array.from({ length: height * width }, (_, pixel) =>
    isOther(Math.floor(pixel / width), pixel % width) ? 0 : 1,
  );
}

/** A piece of a length, around a place anywhere, as far as it lies inside. */
function between(length: number, share: number, random: Random): readonly [number, number] {
  const size = Math.round(length * share);
  const from = Math.floor(random() * length) - Math.floor(size / 2);
  return [Math.max(0, from), Math.min(length, from + size)];
}

/** Draws from Beta(alpha, alpha), of two Gamma numbers by their logarithms: small ones would vanish. */
function beta(alpha: number, random: Random): number {
  const [one, other] = [logGamma(alpha, random), logGamma(alpha, random)];
  return 1 / (1 + Math.exp(other - one));
}

/** Draws the logarithm of a number from Gamma(shape, 1) (Marsaglia and Tsang, 2000; section 6 where the shape is below 1). */
function logGamma(shape: number, random: Random): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random()) / shape;
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(random);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/**
 * What belongs to the rows of a batch, mixed as they are.
 *
 * @param rows The rows.
 * @param of Gives what belongs to examples: a row for each.
 */
export function mixedRows({ indices, mixtures }: Rows, of: (indices: readonly number[]) => tf.Tensor): tf.Tensor2D {
  if (!mixtures) return of(indices) as tf.Tensor2D;
  const shares = tf.tensor2d(mixtures.map(({ share }) => [share]));
  const other = of(mixtures.map(({ partner }) => partner));
  return tf.add(tf.mul(of(indices), shares), tf.mul(other, tf.sub(1, shares)));
}

/**
 * The targets of mixed examples.
 *
 * @param head The head.
 * @param targets The targets of all examples.
 * @param rows The examples of the batch.
 * @returns `[batch, outputs]`, the shares of the classes in a classifier; owned by the caller.
 */
export function mixedTargets({ task, labels }: Head, targets: readonly Target[], rows: Rows): tf.Tensor2D {
  const rowOf = (target: Target) =>
    task === 'classification' ? labels.map((_, label) => Number(label === target)) : (target as number[]);
  return tf.tidy(() =>
    mixedRows(rows, (indices) => tf.tensor2d(indices.map((index) => rowOf(targets[index] as Target)))),
  );
}
