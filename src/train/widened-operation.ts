import * as tf from '@tensorflow/tfjs-core';
import { attributesOf, type FusedOperation } from '../model/fused-kernel.ts';
import type { Weighted } from '../model/widened.ts';
import { activationGradient, type Differentiable, type Slopes, sumOfRows } from './fused-operation.ts';
import { withGradient } from './with-gradient.ts';

/**
 * Runs an expansion and the depthwise convolution after it as one, with a gradient: both ways, each reads what the other
 * has just written. Only on backends that have the kernels.
 *
 * @param input Pictures, `[batch, height, width, channels]`.
 * @param first The expansion; its bias gets no gradient.
 * @param second The depthwise convolution.
 * @param differentiable What of each gets a gradient.
 * @param slopes Who takes gradients through activations: that of the input, and the second's own.
 */
export function widenedOperation(
  input: tf.Tensor,
  first: Weighted,
  second: Weighted,
  differentiable: readonly [Differentiable, Differentiable],
  slopes: Slopes,
): tf.Tensor {
  const x = input.dtype === 'float32' ? input : tf.cast(input, 'float32');
  const [expansion, filter] = [first, second].map(({ weights }) => weights.filters[0]) as [tf.Tensor, tf.Tensor];
  const [bias, added] = [first.weights.bias, second.weights.bias];
  const { activation, operations } = second.chain;
  const given = { x, expansion, filter, added };
  const wants = {
    x: differentiable[0].x,
    expansion: differentiable[0].filter,
    filter: differentiable[1].filter,
    added: differentiable[1].bias && added !== undefined,
  };
  const names = (['x', 'expansion', 'filter', 'added'] as const).filter((name) => wants[name]);
  const attributes = { ...attributesOf(operations[0] as FusedOperation), expansionActivation: first.chain.activation };
  const run = (kernelName: string, inputs: object, more: object) =>
    tf
      .engine()
      .runKernel(kernelName, inputs as tf.NamedTensorMap, { ...attributes, ...more } as tf.NamedAttrMap) as unknown as [
      tf.Tensor,
      tf.Tensor,
    ];
  return withGradient(
    names.map((name) => given[name] as tf.Tensor),
    wants.x,
    () => {
      const inputs = { x, expansion, filter, ...(bias && { bias }), ...(added && { added }) };
      const [value, between] = run('WidenedDepthwiseConv2DKeeping', inputs, { activation });
      const y = activation !== 'linear' && !slopes.isTaken && { y: value };
      return { value, kept: { ...y, x, between, expansion, filter } };
    },
    (dy, kept) => {
      const slope = kept.y ? activationGradient(activation, dy, kept.y) : dy;
      const wanted = names.filter((name) => name !== 'added');
      const before = slopes.before !== 'linear' && { before: slopes.before };
      const { y: _, ...inputs } = kept;
      const gradients = run('WidenedDepthwiseConv2DBackprop', { ...inputs, dy: slope }, { ...before, wanted });
      return wants.added ? [...gradients, sumOfRows(slope)] : gradients;
    },
  );
}
