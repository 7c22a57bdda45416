import * as tf from '@tensorflow/tfjs-core';
import {
  anywhere,
  apart,
  type Operation,
  operation,
  positive,
  type T,
  type T1,
  type T2,
  type T3,
  type T4,
  type T5,
} from './operations-table.ts';

const picture = anywhere(2, 6, 5, 2);

/** Convolutions, poolings, normalisation over pictures, resizing. */
export const windowOperations: readonly Operation[] = [
  operation('conv1d, same', [anywhere(2, 6, 2), anywhere(3, 2, 3)], (x: T3, w: T3) => tf.conv1d(x, w, 1, 'same')),
  operation('conv1d, stride 2, valid', [anywhere(2, 7, 2), anywhere(3, 2, 3)], (x: T3, w: T3) =>
    tf.conv1d(x, w, 2, 'valid'),
  ),
  operation('conv1d, dilated', [anywhere(2, 7, 2), anywhere(3, 2, 3)], (x: T3, w: T3) =>
    tf.conv1d(x, w, 1, 'valid', 'NWC', 2),
  ),
  operation('conv2d, 1 by 1', [picture, anywhere(1, 1, 2, 3)], (x: T4, w: T4) => tf.conv2d(x, w, 1, 'same')),
  operation('conv2d, 1 by 1, stride 2, same', [picture, anywhere(1, 1, 2, 3)], (x: T4, w: T4) =>
    tf.conv2d(x, w, 2, 'same'),
  ),
  operation('conv2d, 1 by 1, stride 3, valid', [anywhere(2, 7, 5, 2), anywhere(1, 1, 2, 3)], (x: T4, w: T4) =>
    tf.conv2d(x, w, 3, 'valid'),
  ),
  operation('depthwiseConv2d, window 2, stride 3, same', [anywhere(2, 7, 5, 2), anywhere(2, 2, 2, 1)], (x: T4, w: T4) =>
    tf.depthwiseConv2d(x, w, 3, 'same'),
  ),
  operation('avgPool, window 1, stride 2, same', [picture], (x: T4) => tf.avgPool(x, 1, 2, 'same')),
  operation('maxPool, window 2, stride 3, same', [apart(2, 7, 5, 1)], (x: T4) => tf.maxPool(x, 2, 3, 'same')),
  operation('conv2d, same', [picture, anywhere(3, 3, 2, 3)], (x: T4, w: T4) => tf.conv2d(x, w, 1, 'same')),
  operation('conv2d, valid, not square', [picture, anywhere(3, 2, 2, 3)], (x: T4, w: T4) =>
    tf.conv2d(x, w, 1, 'valid'),
  ),
  operation('conv2d, stride 2, same', [picture, anywhere(3, 3, 2, 3)], (x: T4, w: T4) => tf.conv2d(x, w, 2, 'same')),
  operation('conv2d, strides 2 and 1, valid', [picture, anywhere(3, 2, 2, 3)], (x: T4, w: T4) =>
    tf.conv2d(x, w, [2, 1], 'valid'),
  ),
  operation('conv2d, padding by number', [picture, anywhere(3, 3, 2, 3)], (x: T4, w: T4) => tf.conv2d(x, w, 1, 1)),
  operation('conv2d, padding by side', [picture, anywhere(3, 3, 2, 3)], (x: T4, w: T4) =>
    tf.conv2d(x, w, 2, [
      [0, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ]),
  ),
  operation('conv2d, dilated', [picture, anywhere(2, 2, 2, 3)], (x: T4, w: T4) =>
    tf.conv2d(x, w, 1, 'same', 'NHWC', [2, 2]),
  ),
  operation('conv2dTranspose, same', [anywhere(2, 3, 3, 2), anywhere(3, 3, 3, 2)], (x: T4, w: T4) =>
    tf.conv2dTranspose(x, w, [2, 5, 6, 3], 2, 'same'),
  ),
  operation('conv2dTranspose, valid', [anywhere(2, 3, 2, 2), anywhere(2, 3, 3, 2)], (x: T4, w: T4) =>
    tf.conv2dTranspose(x, w, [2, 6, 5, 3], 2, 'valid'),
  ),
  operation('conv3d, same', [anywhere(1, 3, 4, 3, 2), anywhere(2, 3, 2, 2, 2)], (x: T5, w: T5) =>
    tf.conv3d(x, w, 1, 'same'),
  ),
  operation('conv3d, stride 2, valid', [anywhere(2, 4, 5, 4, 1), anywhere(2, 2, 2, 1, 2)], (x: T5, w: T5) =>
    tf.conv3d(x, w, 2, 'valid'),
  ),
  operation('conv3dTranspose', [anywhere(1, 2, 2, 2, 2), anywhere(2, 2, 2, 2, 2)], (x: T5, w: T5) =>
    tf.conv3dTranspose(x, w, [1, 4, 4, 4, 2], 2, 'same'),
  ),
  operation('depthwiseConv2d, same', [picture, anywhere(3, 3, 2, 1)], (x: T4, w: T4) =>
    tf.depthwiseConv2d(x, w, 1, 'same'),
  ),
  operation('depthwiseConv2d, multiplier 2, stride 2', [picture, anywhere(3, 2, 2, 2)], (x: T4, w: T4) =>
    tf.depthwiseConv2d(x, w, 2, 'same'),
  ),
  operation('depthwiseConv2d, multiplier 3, valid', [picture, anywhere(2, 3, 2, 3)], (x: T4, w: T4) =>
    tf.depthwiseConv2d(x, w, 1, 'valid'),
  ),
  operation('depthwiseConv2d, dilated', [picture, anywhere(2, 2, 2, 2)], (x: T4, w: T4) =>
    tf.depthwiseConv2d(x, w, 1, 'same', 'NHWC', [2, 2]),
  ),
  operation('separableConv2d', [picture, anywhere(3, 3, 2, 2), anywhere(1, 1, 4, 3)], (x: T4, d: T4, p: T4) =>
    tf.separableConv2d(x, d, p, 1, 'same'),
  ),
  operation('maxPool', [apart(2, 4, 4, 2)], (x: T4) => tf.maxPool(x, 2, 2, 'valid')),
  operation('maxPool, overlapping', [apart(2, 5, 4, 2)], (x: T4) => tf.maxPool(x, 3, 1, 'same')),
  operation('maxPool, not square, apart', [apart(1, 7, 6, 2)], (x: T4) => tf.maxPool(x, [2, 1], [3, 2], 'same')),
  operation('avgPool', [anywhere(2, 4, 4, 2)], (x: T4) => tf.avgPool(x, 2, 2, 'valid')),
  operation('avgPool, overlapping, not square', [anywhere(2, 5, 4, 2)], (x: T4) => tf.avgPool(x, [3, 2], 1, 'valid')),
  operation('avgPool, same', [anywhere(2, 5, 4, 2)], (x: T4) => tf.avgPool(x, 3, 2, 'same')),
  operation('pool, dilated maximum', [apart(1, 5, 5, 1)], (x: T4) => tf.pool(x, 2, 'max', 'valid', [2, 2])),
  operation('maxPool3d', [apart(2, 4, 4, 4, 1)], (x: T5) => tf.maxPool3d(x, 2, 2, 'valid')),
  operation('maxPool3d, overlapping, not square', [apart(1, 3, 4, 4, 2)], (x: T5) =>
    tf.maxPool3d(x, [2, 3, 2], 1, 'valid'),
  ),
  operation('avgPool3d', [anywhere(2, 4, 4, 4, 1)], (x: T5) => tf.avgPool3d(x, 2, 2, 'valid')),
  operation('avgPool3d, overlapping, not square', [anywhere(1, 3, 4, 4, 2)], (x: T5) =>
    tf.avgPool3d(x, [2, 3, 2], 1, 'same'),
  ),
  operation('global average', [picture], (x: T4) => tf.mean(x, [1, 2])),
  operation('global maximum', [apart(2, 3, 3, 2)], (x: T4) => tf.max(x, [1, 2])),
  operation(
    'batchNorm',
    [picture, anywhere(2), positive(2), anywhere(2), positive(2)],
    (x: T4, mean: T1, variance: T1, offset: T1, scale: T1) => tf.batchNorm4d(x, mean, variance, offset, scale, 1e-3),
  ),
  operation(
    'batchNorm over rows',
    [anywhere(4, 3), anywhere(3), positive(3), anywhere(3), positive(3)],
    (x: T2, mean: T1, variance: T1, offset: T1, scale: T1) => tf.batchNorm2d(x, mean, variance, offset, scale, 1e-3),
  ),
  operation('batch statistics', [picture, anywhere(2), positive(2)], (x: T4, offset: T1, scale: T1) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return tf.batchNorm4d(x, mean as T1, variance as T1, offset, scale, 1e-3);
  }),
  operation('layer normalisation', [anywhere(3, 5), anywhere(5), anywhere(5)], (x: T, scale: T, offset: T) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3))), scale), offset);
  }),
  operation('localResponseNormalization', [anywhere(1, 2, 3, 5)], (x: T4) =>
    tf.localResponseNormalization(x, 2, 1, 0.5, 0.75),
  ),
  operation('resizeNearestNeighbor', [anywhere(2, 3, 2, 2)], (x: T4) => tf.image.resizeNearestNeighbor(x, [6, 4])),
  operation('resizeNearestNeighbor, down', [anywhere(2, 5, 4, 2)], (x: T4) =>
    tf.image.resizeNearestNeighbor(x, [3, 3]),
  ),
  operation('resizeNearestNeighbor, alignCorners', [anywhere(2, 3, 2, 2)], (x: T4) =>
    tf.image.resizeNearestNeighbor(x, [5, 6], true),
  ),
  operation('resizeNearestNeighbor, halfPixelCenters', [anywhere(2, 3, 2, 2)], (x: T4) =>
    tf.image.resizeNearestNeighbor(x, [5, 7], false, true),
  ),
  operation('resizeBilinear', [anywhere(2, 3, 2, 2)], (x: T4) => tf.image.resizeBilinear(x, [6, 5])),
  operation('resizeBilinear, down', [anywhere(2, 5, 6, 2)], (x: T4) => tf.image.resizeBilinear(x, [3, 2])),
  operation('resizeBilinear, alignCorners', [anywhere(2, 3, 2, 2)], (x: T4) =>
    tf.image.resizeBilinear(x, [5, 4], true),
  ),
  operation('resizeBilinear, halfPixelCenters', [anywhere(2, 3, 2, 2)], (x: T4) =>
    tf.image.resizeBilinear(x, [5, 4], false, true),
  ),
  operation('cropAndResize', [anywhere(2, 5, 4, 2)], (x: T4) =>
    tf.image.cropAndResize(
      x,
      tf.tensor2d([
        [0.1, 0.2, 0.8, 0.9],
        [0, 0.5, 1, 1.2],
      ]),
      tf.tensor1d([0, 1], 'int32'),
      [3, 2],
    ),
  ),
];
