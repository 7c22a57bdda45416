import * as tf from '@tensorflow/tfjs-core';
import {
  anywhere,
  apart,
  beside0,
  type Operation,
  operation,
  positive,
  type T,
  type T1,
  type T2,
  type T3,
  type T4,
} from './operations-table.ts';

const cube = anywhere(2, 3, 4);

/** Products of matrices, sums over axes, softmax, what is fused. */
export const reductionOperations: readonly Operation[] = [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) =>
      operation(
        `matMul${transposeA ? ', left transposed' : ''}${transposeB ? ', right transposed' : ''}`,
        [transposeA ? anywhere(4, 3) : anywhere(3, 4), transposeB ? anywhere(2, 4) : anywhere(4, 2)],
        (a: T2, b: T2) => tf.matMul(a, b, transposeA, transposeB),
      ),
    ),
  ),
  operation('matMul, batched', [anywhere(2, 3, 4), anywhere(2, 4, 2)], (a: T3, b: T3) => tf.matMul(a, b)),
  operation('matMul, batched, right transposed', [anywhere(2, 3, 4), anywhere(2, 5, 4)], (a: T3, b: T3) =>
    tf.matMul(a, b, false, true),
  ),
  operation('matMul, two batch axes', [anywhere(2, 2, 3, 4), anywhere(2, 2, 4, 2)], (a: T4, b: T4) => tf.matMul(a, b)),
  operation('matMul, left batch broadcast', [anywhere(1, 3, 4), anywhere(2, 4, 2)], (a: T3, b: T3) => tf.matMul(a, b)),
  operation('matMul, right batch broadcast', [anywhere(2, 3, 4), anywhere(4, 2)], (a: T3, b: T2) => tf.matMul(a, b)),
  operation('matMul, batches broadcast, both transposed', [anywhere(2, 1, 4, 3), anywhere(2, 2, 4)], (a: T4, b: T3) =>
    tf.matMul(a, b, true, true),
  ),
  operation(
    'matMul, many heads of queries on one of keys',
    [anywhere(2, 2, 3, 4), anywhere(2, 1, 2, 4)],
    (a: T4, b: T4) => tf.matMul(a, b, false, true),
  ),
  operation('dot of vectors', [anywhere(4), positive(4)], (a: T1, b: T1) => tf.dot(a, b)),
  operation('dot of a matrix and a vector', [anywhere(3, 4), anywhere(4)], (a: T2, b: T1) => tf.dot(a, b)),
  operation('outerProduct', [anywhere(3), anywhere(4)], (a: T1, b: T1) => tf.outerProduct(a, b)),
  operation('einsum, attention', [anywhere(2, 3, 2, 2), anywhere(2, 4, 2, 2)], (a: T, b: T) =>
    tf.einsum('bqhd,bkhd->bhqk', a, b),
  ),
  operation('einsum, matrix product', [anywhere(3, 4), anywhere(4, 2)], (a: T, b: T) => tf.einsum('ij,jk->ik', a, b)),
  operation('einsum, a sum within one', [anywhere(3, 4)], (a: T) => tf.einsum('ij->j', a)),
  operation('sum of all', [cube], (x: T) => tf.sum(x)),
  operation('sum over axes', [cube], (x: T) => tf.sum(x, [0, 2])),
  operation('sum, keepDims', [cube], (x: T) => tf.sum(x, 1, true)),
  operation('mean over axes', [cube], (x: T) => tf.mean(x, [0, 2])),
  operation('mean, keepDims', [cube], (x: T) => tf.mean(x, -1, true)),
  operation('max over axes', [apart(2, 3, 4)], (x: T) => tf.max(x, [0, 2])),
  operation('max, keepDims', [apart(2, 3, 4)], (x: T) => tf.max(x, 1, true)),
  operation('min over axes', [apart(2, 3, 4)], (x: T) => tf.min(x, [1, 2])),
  operation('min, keepDims', [apart(2, 3, 4)], (x: T) => tf.min(x, 0, true)),
  operation('prod of all', [positive(2, 3)], (x: T) => tf.prod(x)),
  operation('prod over an axis', [beside0(2, 3, 4)], (x: T) => tf.prod(x, 1)),
  operation('prod, keepDims', [beside0(2, 3, 4)], (x: T) => tf.prod(x, 2, true)),
  operation('cumsum', [cube], (x: T) => tf.cumsum(x, 2)),
  operation('cumsum, reverse, another size', [anywhere(2, 3)], (x: T) => tf.cumsum(x, 1, false, true)),
  operation('cumsum over the first axis', [cube], (x: T) => tf.cumsum(x, 0)),
  operation('cumsum, exclusive, reverse, middle axis', [cube], (x: T) => tf.cumsum(x, 1, true, true)),
  operation('moments', [cube], (x: T) => tf.moments(x, [0, 1]).variance),
  operation('Euclidean norm', [cube], (x: T) => tf.norm(x, 'euclidean', -1)),
  operation('norm 1, keepDims', [beside0(2, 3)], (x: T) => tf.norm(x, 1, 1, true)),
  operation('l2 normalisation', [cube], (x: T) => tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-3)))),
  operation('softmax', [cube], (x: T) => tf.softmax(x)),
  operation('logSoftmax', [cube], (x: T) => tf.logSoftmax(x)),
  operation('logSumExp', [cube], (x: T) => tf.logSumExp(x, [1])),
  operation('logSumExp, keepDims', [cube], (x: T) => tf.logSumExp(x, [0, 2], true)),
  operation('softmax cross entropy', [anywhere(3, 4)], (x: T) =>
    tf.losses.softmaxCrossEntropy(
      tf.tensor2d([
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0.5, 0, 0.5],
      ]),
      x as T2,
    ),
  ),
  operation('sigmoid cross entropy', [anywhere(3, 4)], (x: T) =>
    tf.losses.sigmoidCrossEntropy(
      tf.tensor2d([
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 1, 0, 1],
      ]),
      x as T2,
    ),
  ),
  operation('topk', [apart(2, 5)], (x: T) => tf.topk(x, 2).values),
  operation('fused.matMul, bias, relu', [anywhere(3, 4), beside0(4, 2), anywhere(2)], (a: T2, b: T2, bias: T1) =>
    tf.fused.matMul({ a, b, bias: tf.add(bias, [4, -4]), activation: 'relu' }),
  ),
  ...(['linear', 'elu', 'sigmoid', 'relu6', 'leakyrelu'] as const).map((activation) =>
    operation(`fused.matMul, ${activation}`, [anywhere(3, 4), anywhere(4, 2), anywhere(2)], (a: T2, b: T2, bias: T1) =>
      tf.fused.matMul({
        a,
        b,
        bias: tf.add(bias, activation === 'sigmoid' ? [0, 1] : [4, 5]),
        activation,
        leakyreluAlpha: 0.1,
      }),
    ),
  ),
  operation('fused.matMul, batched, right transposed', [anywhere(2, 3, 4), anywhere(2, 5, 4)], (a: T3, b: T3) =>
    tf.fused.matMul({ a, b, transposeB: true }),
  ),
  operation('fused.matMul, prelu', [anywhere(3, 4), anywhere(4, 2), anywhere(2)], (a: T2, b: T2, bias: T1) =>
    tf.fused.matMul({
      a,
      b,
      bias: tf.add(bias, [4, -4]),
      activation: 'prelu',
      preluActivationWeights: tf.tensor1d([0.2, 0.3]),
    }),
  ),
  ...(
    [
      ['relu', 4],
      ['relu6', 1],
      ['elu', 0],
      ['sigmoid', 0],
      ['linear', 0],
    ] as const
  ).map(([activation, offset]) =>
    operation(
      `fused.conv2d, bias, ${activation}`,
      [anywhere(2, 4, 4, 2), anywhere(3, 3, 2, 2), anywhere(2)],
      (x: T4, filter: T4, bias: T1) =>
        tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', bias: tf.add(bias, [4 + offset, -offset]), activation }),
    ),
  ),
  operation(
    'fused.depthwiseConv2d, bias, relu6',
    [anywhere(2, 4, 4, 2), anywhere(3, 3, 2, 1), anywhere(2)],
    (x: T4, filter: T4, bias: T1) =>
      tf.fused.depthwiseConv2d({
        x,
        filter,
        strides: 1,
        pad: 'same',
        bias: tf.mul(tf.add(bias, [3, 12]), 1),
        activation: 'relu6',
      }),
  ),
];
