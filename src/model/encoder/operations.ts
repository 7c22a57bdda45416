import * as tf from '@tensorflow/tfjs-core';

/** One kernel with a gradient of its own, where the backend has it. */
function fused(kernelName: string, inputs: tf.NamedTensorMap, attributes?: tf.NamedAttrMap): tf.Tensor | undefined {
  if (!tf.getKernel(kernelName, tf.getBackend())) return undefined;
  return tf.engine().runKernel(kernelName, inputs, attributes) as tf.Tensor;
}

/**
 * `x kernel + bias`, over the last axis.
 *
 * @param x `[..., inputs]`.
 * @param kernel `[inputs, outputs]`.
 * @param bias `[outputs]`.
 */
export function dense(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [inputs, outputs] = kernel.shape as [number, number];
  const rows = tf.reshape(x, [-1, inputs]) as tf.Tensor2D;
  // Two operations: tfjs' fused one computes the gradient of a frozen kernel too, a third of what a step would take.
  const product = fused('Dense', { x: rows, kernel, bias }) ?? tf.add(tf.matMul(rows, kernel as tf.Tensor2D), bias);
  return tf.reshape(product, [...x.shape.slice(0, -1), outputs]);
}

/**
 * Layer normalization over the last axis (Ba et al., 2016).
 *
 * @param x `[..., width]`.
 * @param gamma `[width]`.
 * @param beta `[width]`.
 * @param epsilon What is added to the variance.
 */
export function normalize(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor {
  const whole = fused('LayerNorm', { x, gamma, beta }, { epsilon });
  if (whole) return whole;
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
}

/** The activations between the two products of a block, by the names that saved models have. */
export const activations: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  /** `x / 2 (1 + erf(x / sqrt 2))` (Hendrycks and Gimpel, 2016). */
  gelu: (x) => fused('Gelu', { x }) ?? tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  /** Its approximation, `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`. */
  tanhgelu: (x) => {
    const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
  },
  relu: (x) => tf.relu(x),
};

/** Queries, keys and values of attention, `[batch, length, width]` each. */
interface Attended {
  readonly query: tf.Tensor;
  readonly key: tf.Tensor;
  readonly value: tf.Tensor;
}

/**
 * Attention of several heads: `softmax(q k^T / sqrt d) v` (Vaswani et al., 2017, section 3.2). Positions whose mask is 0
 * are seen by none.
 *
 * @param attended Queries, keys and values.
 * @param mask `[batch, length]`, 1 or 0.
 * @param heads How many heads share the width.
 * @param drop What is done to the shares that positions have in each other, `[batch, heads, length, length]`.
 * @returns `[batch, length, width]`.
 */
export function attend(
  { query, key, value }: Attended,
  mask: tf.Tensor,
  heads: number,
  drop: (shares: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const [batch, length, width] = query.shape as [number, number, number];
  const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const scaled = tf.mul(query, Math.sqrt(heads / width));
  const scores = tf.matMul(split(scaled), split(key), false, true);
  // exp(-10000) is 0 in float32, and 10000 is a number in float16.
  const bias = tf.mul(tf.sub(1, tf.reshape(tf.cast(mask, 'float32'), [batch, 1, 1, length])), -1e4);
  const mixed = tf.matMul(drop(tf.softmax(tf.add(scores, bias))), split(value));
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, length, width]);
}

/**
 * The mean of the positions whose mask is 1.
 *
 * @param x `[batch, length, width]`.
 * @param mask `[batch, length]`, 1 or 0.
 * @returns `[batch, width]`.
 */
export function maskedMean(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const weights = tf.expandDims(tf.cast(mask, 'float32'), -1);
  return tf.div(tf.sum(tf.mul(x, weights), 1), tf.maximum(tf.sum(weights, 1), 1e-9));
}

/** The first position: `[batch, length, width]` becomes `[batch, width]`. */
export const first = (x: tf.Tensor): tf.Tensor => tf.squeeze(tf.slice(x, [0, 0, 0], [-1, 1, -1]), [1]);
