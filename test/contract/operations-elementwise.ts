import * as tf from '@tensorflow/tfjs-core';
import { anywhere, apart, beside0, type Operation, operation, positive, type T } from './operations-table.ts';

const matrix = anywhere(3, 4);
const sided = beside0(3, 4);
const above = positive(3, 4);
const row = anywhere(4);

/** Arithmetic with broadcasting, functions of a number, activations. */
export const elementwiseOperations: readonly Operation[] = [
  operation('add, broadcast', [matrix, row], (a: T, b: T) => tf.add(a, b)),
  operation('sub, broadcast both ways', [anywhere(3, 1), row], (a: T, b: T) => tf.sub(a, b)),
  operation('mul, broadcast', [matrix, row], (a: T, b: T) => tf.mul(a, b)),
  operation('mul with a scalar', [matrix, anywhere()], (a: T, b: T) => tf.mul(a, b)),
  operation('div, broadcast', [matrix, positive(4)], (a: T, b: T) => tf.div(a, b)),
  operation('divNoNan', [matrix, positive(3, 4)], (a: T, b: T) => tf.divNoNan(a, b)),
  operation('pow, broadcast', [above, row], (a: T, b: T) => tf.pow(a, b)),
  operation('pow with a scalar, negative base', [sided], (a: T) => tf.pow(a, tf.scalar(3))),
  operation('addN', [matrix, sided], (a: T, b: T) => tf.addN([a, b, a])),
  operation('maximum, broadcast', [apart(3, 4), anywhere(3, 1)], (a: T, b: T) => tf.maximum(a, tf.mul(b, 0.1))),
  operation('minimum', [apart(3, 4), anywhere(3, 1)], (a: T, b: T) => tf.minimum(a, tf.mul(b, 0.1))),
  operation('squaredDifference, broadcast', [matrix, row], (a: T, b: T) => tf.squaredDifference(a, b)),
  operation('atan2', [sided, above], (a: T, b: T) => tf.atan2(a, b)),
  operation('mod', [above, positive(4)], (a: T, b: T) => tf.mod(tf.add(a, 3.25), tf.add(b, 9))),
  operation('relu', [sided], (x: T) => tf.relu(x)),
  operation('relu6', [apart(3, 4)], (x: T) => tf.relu6(tf.mul(x, 4))),
  operation('leakyRelu', [sided], (x: T) => tf.leakyRelu(x, 0.1)),
  operation('prelu', [sided, anywhere(4)], (x: T, alpha: T) => tf.prelu(x, alpha)),
  operation(
    'prelu, alpha a number for each channel of pictures',
    [beside0(2, 2, 2, 3), anywhere(1, 1, 3)],
    (x: T, alpha: T) => tf.prelu(x, alpha),
  ),
  operation('elu', [sided], (x: T) => tf.elu(x)),
  operation('selu', [sided], (x: T) => tf.selu(x)),
  operation('gelu by erf', [matrix], (x: T) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1))),
  operation('gelu by tanh', [matrix], (x: T) => {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
  }),
  operation('sigmoid', [matrix], (x: T) => tf.sigmoid(x)),
  operation('softplus', [matrix], (x: T) => tf.softplus(x)),
  operation('softsign', [sided], (x: T) => tf.div(x, tf.add(tf.abs(x), 1))),
  operation('swish', [matrix], (x: T) => tf.mul(x, tf.sigmoid(x))),
  operation('mish', [matrix], (x: T) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  operation('hard sigmoid', [apart(3, 4)], (x: T) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.52), 0, 1)),
  operation('hard swish', [apart(3, 4)], (x: T) => tf.mul(x, tf.div(tf.relu6(tf.add(tf.mul(x, 2), 3.1)), 6))),
  operation('exp', [matrix], (x: T) => tf.exp(x)),
  operation('log', [above], (x: T) => tf.log(x)),
  operation('log1p', [above], (x: T) => tf.log1p(x)),
  operation('expm1', [matrix], (x: T) => tf.expm1(x)),
  operation('sqrt', [above], (x: T) => tf.sqrt(x)),
  operation('rsqrt', [above], (x: T) => tf.rsqrt(x)),
  operation('reciprocal', [above], (x: T) => tf.reciprocal(x)),
  operation('square', [matrix], (x: T) => tf.square(x)),
  operation('abs', [sided], (x: T) => tf.abs(x)),
  operation('neg', [matrix], (x: T) => tf.neg(x)),
  operation('sin', [matrix], (x: T) => tf.sin(x)),
  operation('cos', [matrix], (x: T) => tf.cos(x)),
  operation('tan', [matrix], (x: T) => tf.tan(x)),
  operation('asin', [matrix], (x: T) => tf.asin(tf.mul(x, 0.5))),
  operation('acos', [matrix], (x: T) => tf.acos(tf.mul(x, 0.5))),
  operation('atan', [matrix], (x: T) => tf.atan(x)),
  operation('sinh', [matrix], (x: T) => tf.sinh(x)),
  operation('cosh', [matrix], (x: T) => tf.cosh(x)),
  operation('tanh', [matrix], (x: T) => tf.tanh(x)),
  operation('asinh', [matrix], (x: T) => tf.asinh(x)),
  operation('acosh', [above], (x: T) => tf.acosh(tf.add(x, 1))),
  operation('atanh', [matrix], (x: T) => tf.atanh(tf.mul(x, 0.5))),
  operation('logSigmoid', [matrix], (x: T) => tf.logSigmoid(x)),
  operation('floor, ceil, round, sign and step are flat', [sided], (x: T) =>
    tf.addN([x, tf.floor(tf.mul(x, 0.1)), tf.ceil(tf.mul(x, 0.1)), tf.round(tf.mul(x, 0.1)), tf.sign(x), tf.step(x)]),
  ),
  operation('clipByValue', [apart(3, 4)], (x: T) => tf.clipByValue(x, -0.9, 0.9)),
  operation('where', [matrix, sided], (a: T, b: T) => tf.where(tf.greater(b, 0), tf.mul(a, b), a)),
  operation('where, broadcast', [sided, row], (a: T, b: T) => tf.where(tf.greater(a, 0), a, tf.broadcastTo(b, [3, 4]))),
  operation('cast', [sided], (x: T) => tf.mul(x, tf.cast(tf.cast(tf.greater(x, 0), 'int32'), 'float32'))),
  operation('oneHot as float', [matrix], (x: T) =>
    tf.mul(x, tf.cast(tf.oneHot(tf.tensor1d([1, 3, 0], 'int32'), 4), 'float32')),
  ),
  operation('dropout by a mask', [sided], (x: T) => tf.div(tf.mul(x, tf.cast(tf.greater(x, 0), 'float32')), 0.7)),
];
