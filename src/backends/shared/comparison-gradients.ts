import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, gradient } from './gradient.ts';
import { sumToShape } from './sum-to-shape.ts';

const kernelsOfTwo = [
  tf.Equal,
  tf.NotEqual,
  tf.Greater,
  tf.GreaterEqual,
  tf.Less,
  tf.LessEqual,
  tf.LogicalAnd,
  tf.LogicalOr,
];

const zerosLike = (tensor: tf.Tensor) => tf.zeros(tensor.shape);

/** Comparisons are flat. tfjs says so of `greaterEqual` alone, and fails where a mask is made by another (T26). */
const comparisons: readonly Gradient[] = [
  ...kernelsOfTwo.map((kernelName) =>
    gradient(kernelName, { inputs: ['a', 'b'] }, (_, [a, b]) => ({
      a: () => zerosLike(a as tf.Tensor),
      b: () => zerosLike(b as tf.Tensor),
    })),
  ),
  ...[tf.LogicalNot, tf.All, tf.Any].map((kernelName) =>
    gradient(kernelName, { inputs: ['x'] }, (_, [x]) => ({ x: () => zerosLike(x as tf.Tensor) })),
  ),
];

type Pair = readonly [tf.Tensor, tf.Tensor];

/** The gradients of tfjs forget to sum over what was broadcast (T26). Where both are alike, the left one has it all. */
const choices: readonly Gradient[] = [[tf.Maximum, tf.greaterEqual] as const, [tf.Minimum, tf.lessEqual] as const].map(
  ([kernelName, isChosen]) =>
    gradient(kernelName, { inputs: ['a', 'b'] }, (dy, kept) => {
      const [a, b] = kept as unknown as Pair;
      const taken = () => tf.cast(isChosen(a, b), 'float32');
      return {
        a: () => sumToShape(tf.mul(dy, taken()), a.shape),
        b: () => sumToShape(tf.mul(dy, tf.sub(1, taken())), b.shape),
      };
    }),
);

const squaredDifference = gradient(tf.SquaredDifference, { inputs: ['a', 'b'] }, (dy, kept) => {
  const [a, b] = kept as unknown as Pair;
  const slope = () => tf.mul(dy, tf.mul(2, tf.sub(a, b)));
  return { a: () => sumToShape(slope(), a.shape), b: () => sumToShape(tf.neg(slope()), b.shape) };
});

/** The gradients of what compares two tensors. */
export const comparisonGradients: readonly Gradient[] = [...comparisons, ...choices, squaredDifference];
