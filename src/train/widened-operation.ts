import * as tf from '@tensorflow/tfjs-core';
import { attributesOfParts, type Parts, runWith, type Weighted, weightsOfParts } from '../model/widened.ts';
import { activationGradient, type Differentiable, type Slopes, sumOfRows } from './fused-operation.ts';
import { withGradient } from './with-gradient.ts';

/** One of the convolutions, and what of it gets a gradient. */
export interface Part extends Weighted {
  readonly differentiable: Differentiable;
}

/**
 * Runs a depthwise convolution and those of single pixels around it as one, with a gradient: both ways, each reads what
 * the one before has just written. Only on backends that have the kernels.
 *
 * @param input Pictures, `[batch, height, width, channels]`.
 * @param parts The convolutions. Of the last alone, the bias gets a gradient.
 * @param slopes Who takes gradients through activations: that of the input, and the last one's own.
 */
export function widenedOperation(input: tf.Tensor, parts: Parts<Part>, slopes: Slopes): tf.Tensor {
  const end = parts.projection ?? parts.depthwise;
  const { activation } = end.chain;
  const x = input.dtype === 'float32' ? input : tf.cast(input, 'float32');
  const { expansion, filter, projection, ...rows } = weightsOfParts(parts);
  const given = { x, expansion, filter, projection };
  const wants = {
    x: (parts.expansion ?? parts.depthwise).differentiable.x,
    expansion: parts.expansion?.differentiable.filter,
    filter: parts.depthwise.differentiable.filter,
    projection: parts.projection?.differentiable.filter,
  };
  const wanted = (['x', 'expansion', 'filter', 'projection'] as const).filter((name) => wants[name]);
  const ending = end.differentiable.bias ? end.weights.bias : undefined;
  const attributes = attributesOfParts(parts);
  return withGradient(
    [...wanted.map((name) => given[name] as tf.Tensor), ...(ending ? [ending] : [])],
    wants.x,
    () => {
      const made = runWith('WidenedDepthwiseConv2DKeeping', { ...given, ...rows }, attributes);
      const [value, ...within] = made as [tf.Tensor, ...tf.Tensor[]];
      const between = expansion && within.shift();
      const [filtered] = within;
      const y = activation !== 'linear' && !slopes.isTaken && { y: value };
      return { value, kept: { ...y, ...given, between, filtered } };
    },
    (dy, { y, ...kept }) => {
      const slope = y ? activationGradient(activation, dy, y) : dy;
      const before = slopes.before !== 'linear' && { before: slopes.before };
      const more = { ...attributes, ...before, wanted };
      const gradients = runWith('WidenedDepthwiseConv2DBackprop', { ...kept, dy: slope }, more) as tf.Tensor[];
      return ending ? [...gradients, sumOfRows(slope)] : gradients;
    },
  );
}
