import * as tf from '@tensorflow/tfjs-core';

/** The moments of a weight. */
interface Moments {
  readonly mean: tf.Tensor;
  readonly square: tf.Tensor;
}

/** The numbers of a step. */
interface AdamNumbers {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The learning rate with its corrections, negative. */
  readonly factor: number;
  /** What is taken off of the weight, as a share of it. */
  readonly decay: number;
}

/** `old * share + fresh * (1 - share)`. */
export const average = (old: tf.Tensor, fresh: tf.Tensor, share: number) =>
  tf.add(tf.mul(old, share), tf.mul(fresh, 1 - share));

/**
 * The moments of a weight after a gradient, and its update `factor mean / (sqrt(square) + epsilon) - decay weight`; by one
 * kernel where the backend has it.
 *
 * @param gradient The gradient.
 * @param parameter The weight.
 * @param moments The moments before it.
 * @param numbers The decays of the moments, epsilon, the factor and the weight's decay.
 */
export function adamStep(
  gradient: tf.Tensor,
  parameter: tf.Tensor,
  { mean, square }: Moments,
  numbers: AdamNumbers,
): Moments & { readonly update: tf.Tensor } {
  const { beta1, beta2, epsilon, factor, decay } = numbers;
  if (tf.getKernel('AdamStep', tf.getBackend())) {
    const inputs = { gradient, parameter, mean, square };
    const results = tf.engine().runKernel('AdamStep', inputs, { ...numbers }) as unknown as tf.Tensor[];
    const [update, nextMean, nextSquare] = results as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { update, mean: nextMean, square: nextSquare };
  }
  const next = { mean: average(mean, gradient, beta1), square: average(square, tf.square(gradient), beta2) };
  const update = tf.mul(tf.div(next.mean, tf.add(tf.sqrt(next.square), epsilon)), factor);
  return { ...next, update: decay === 0 ? update : tf.sub(update, tf.mul(parameter, decay)) };
}
