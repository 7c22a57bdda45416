import * as tf from '@tensorflow/tfjs-core';
import {
  anywhere,
  apart,
  beside0,
  type Operation,
  operation,
  type T,
  type T1,
  type T2,
  type T3,
  type T4,
  whole,
} from './operations-table.ts';

const cube = anywhere(2, 3, 4);
const matrix = anywhere(3, 4);

/** What moves numbers about: looking up, cutting, joining, padding. */
export const shapeOperations: readonly Operation[] = [
  operation('gather rows', [anywhere(5, 3)], (x: T2) => tf.gather(x, whole([0, 4, 4, 1], 2, 2))),
  operation('gather columns', [matrix], (x: T2) => tf.gather(x, whole([3, 0, 3]), 1)),
  operation('gather the last axis of three', [cube], (x: T3) => tf.gather(x, whole([3, 0, 3]), 2)),
  operation('gather, batched', [cube], (x: T3) => tf.gather(x, whole([2, 0, 1, 1], 2, 2), 1, 1)),
  operation('embedding lookup', [anywhere(6, 3)], (x: T2) => tf.reshape(tf.gather(x, whole([5, 0, 5, 2])), [2, 2, 3])),
  operation('unsortedSegmentSum', [matrix], (x: T2) => tf.unsortedSegmentSum(x, whole([1, 0, 1]) as T1, 3)),
  operation('gatherND', [cube], (x: T3) => tf.gatherND(x, whole([1, 2, 0, 0, 1, 2], 3, 2))),
  operation('slice', [cube], (x: T3) => tf.slice(x, [0, 1, 1], [2, 2, 2])),
  operation('slice of a vector', [anywhere(5)], (x: T1) => tf.slice(x, 1, 3)),
  operation('slice of pictures', [anywhere(2, 3, 3, 2)], (x: T4) => tf.slice(x, [0, 1, 0, 1], [2, 1, 3, 1])),
  operation('stridedSlice', [cube], (x: T3) => tf.stridedSlice(x, [0, 0, 1], [2, 3, 4], [1, 2, 2])),
  operation('stridedSlice, backwards', [matrix], (x: T2) => tf.stridedSlice(x, [2, 3], [0, 0], [-1, -2])),
  operation('stridedSlice, an axis taken away', [cube], (x: T3) =>
    tf.stridedSlice(x, [0, 1, 0], [2, 2, 4], [1, 1, 1], 0, 0, 0, 0, 2),
  ),
  operation('concat rows', [matrix, anywhere(2, 4)], (a: T2, b: T2) => tf.concat([a, b], 0)),
  operation('concat channels', [anywhere(1, 2, 2, 2), anywhere(1, 2, 2, 3)], (a: T4, b: T4) =>
    tf.concat([a, b, a], -1),
  ),
  operation('stack', [matrix, anywhere(3, 4)], (a: T2, b: T2) => tf.stack([a, tf.mul(b, 2)], 1)),
  operation('unstack', [matrix], (x: T2) => {
    const [a, b, c] = tf.unstack(x) as [T, T, T];
    return tf.add(tf.mul(a, b), tf.mul(c, 2));
  }),
  operation('split', [anywhere(2, 5)], (x: T2) => {
    const [a, b] = tf.split(x, [2, 3], 1) as [T, T];
    return tf.matMul(a as T2, b as T2, true);
  }),
  operation('split in equal parts', [anywhere(2, 4)], (x: T2) => {
    const [a, b] = tf.split(x, 2, 1) as [T, T];
    return tf.mul(a, b);
  }),
  operation('pad', [matrix], (x: T2) =>
    tf.pad(
      x,
      [
        [1, 0],
        [0, 2],
      ],
      3,
    ),
  ),
  operation('pad pictures', [anywhere(1, 2, 3, 2)], (x: T4) =>
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ]),
  ),
  operation('mirrorPad, reflect', [anywhere(2, 3, 3)], (x: T3) =>
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 2],
        [2, 0],
      ],
      'reflect',
    ),
  ),
  operation('mirrorPad, symmetric', [matrix], (x: T2) =>
    tf.mirrorPad(
      x,
      [
        [1, 1],
        [2, 3],
      ],
      'symmetric',
    ),
  ),
  operation('reverse', [cube], (x: T3) => tf.reverse(x, [0, 2])),
  operation('tile', [matrix], (x: T2) => tf.tile(x, [2, 3])),
  operation('tile, rank 3', [cube], (x: T3) => tf.tile(x, [1, 3, 2])),
  operation('tile, rank 5', [anywhere(1, 2, 1, 2, 1)], (x: T) => tf.tile(x, [2, 1, 2, 1, 3])),
  operation('transpose', [cube], (x: T3) => tf.transpose(x, [2, 0, 1])),
  operation('transpose a mask', [beside0(2, 3)], (x: T2) =>
    tf.mul(tf.transpose(x), tf.cast(tf.transpose(tf.greater(x, 0)), 'float32')),
  ),
  operation('reshape', [cube], (x: T3) => tf.reshape(x, [6, 4])),
  operation('flatten', [cube], (x: T3) => tf.reshape(x, [2, -1])),
  operation('expandDims', [matrix], (x: T2) => tf.expandDims(x, 1)),
  operation('squeeze', [anywhere(3, 1, 4)], (x: T3) => tf.squeeze(x, [1])),
  operation('broadcastTo', [anywhere(3, 1)], (x: T2) => tf.broadcastTo(x, [2, 3, 4])),
  operation('depthToSpace', [anywhere(1, 2, 3, 8)], (x: T4) => tf.depthToSpace(x, 2)),
  operation('spaceToBatchND', [anywhere(2, 3, 4, 1)], (x: T4) =>
    tf.spaceToBatchND(
      x,
      [2, 2],
      [
        [1, 0],
        [0, 0],
      ],
    ),
  ),
  operation('batchToSpaceND', [anywhere(4, 2, 2, 1)], (x: T4) =>
    tf.batchToSpaceND(
      x,
      [2, 2],
      [
        [1, 0],
        [0, 1],
      ],
    ),
  ),
  operation('sum of two uses', [matrix], (x: T2) => tf.add(tf.transpose(x), tf.reshape(x, [4, 3]))),
  operation('maximum of slices', [apart(2, 4)], (x: T2) =>
    tf.maximum(tf.slice(x, [0, 0], [2, 2]), tf.slice(x, [0, 2], [2, 2])),
  ),
];
