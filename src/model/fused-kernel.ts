import * as tf from '@tensorflow/tfjs-core';

/** An activation that rides on the store of a kernel. */
export type FusedActivation = 'linear' | 'relu' | 'relu6';

/** An operation that backends fuse with a bias and an activation, and how it moves over its input. */
export interface FusedOperation {
  /** `scale` multiplies each channel by a number. */
  readonly kind: 'conv2d' | 'depthwiseConv2d' | 'matMul' | 'scale';
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pad: 'same' | 'valid';
}

/** What such an operation is given: pictures `[batch, height, width, channels]`; rows `[batch, channels]`; either. */
export interface FusedCall {
  readonly operation: FusedOperation;
  readonly x: tf.Tensor;
  readonly filter: tf.Tensor;
  readonly bias: tf.Tensor | undefined;
  readonly activation: FusedActivation;
}

/** The attributes of an operation, as tfjs' kernels and gradients take them. */
export function attributesOf({ kind, strides, dilations, pad }: FusedOperation): tf.NamedAttrMap {
  if (kind === 'matMul') return { transposeA: false, transposeB: false };
  return { strides: [...strides], dilations: [...dilations], pad, dataFormat: 'NHWC' };
}

/**
 * Runs the operation by one kernel. `tf.fused` has the same kernels, but not inside a gradient.
 *
 * @param call The operation and what it is given.
 */
export function runFused({ operation, x, filter, bias, activation }: FusedCall): tf.Tensor {
  const attributes = { ...attributesOf(operation), activation };
  const added = (bias ? { bias } : {}) as tf.NamedTensorMap;
  if (operation.kind === 'matMul') {
    // tfjs' kernel on WASM reads batches of matrices alone.
    const [a, b] = [tf.expandDims(x), tf.expandDims(filter)];
    return tf.squeeze(tf.engine().runKernel(tf._FusedMatMul, { a, b, ...added }, attributes) as tf.Tensor, [0]);
  }
  if (operation.kind === 'scale') {
    const row = tf.reshape(x, [1, 1, -1, filter.size]);
    const taps = tf.reshape(filter, [1, 1, -1, 1]);
    return tf.reshape(
      tf.engine().runKernel(tf.FusedDepthwiseConv2D, { x: row, filter: taps, ...added }, attributes) as tf.Tensor,
      x.shape,
    );
  }
  const name = operation.kind === 'conv2d' ? tf.FusedConv2D : tf.FusedDepthwiseConv2D;
  return tf.engine().runKernel(name, { x, filter, ...added }, attributes) as tf.Tensor;
}
