import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, gradient } from './gradient.ts';

/** What each output along an axis takes of each input, `[boxes, inputs, outputs]`; nothing outside the picture. */
function weightsOf(from: tf.Tensor, to: tf.Tensor, inputs: number, outputs: number, method: string): tf.Tensor3D {
  const last = inputs - 1;
  const steps = tf.reshape(tf.range(0, outputs), [1, 1, outputs]);
  const places =
    outputs > 1
      ? tf.mul(tf.add(from, tf.mul(steps, tf.div(tf.sub(to, from), outputs - 1))), last)
      : tf.mul(tf.add(from, to), last / 2);
  const isInside = tf.logicalAnd(tf.greaterEqual(places, 0), tf.lessEqual(places, last));
  const distance = tf.abs(
    tf.sub(method === 'nearest' ? tf.round(places) : places, tf.reshape(tf.range(0, inputs), [1, inputs, 1])),
  );
  const weights = method === 'nearest' ? tf.lessEqual(distance, 0.25) : tf.relu(tf.sub(1, distance));
  return tf.mul(tf.cast(weights, 'float32'), tf.cast(isInside, 'float32'));
}

/** Gives the gradient of what was cut out of pictures back to the pictures. tfjs has no gradient for it. */
const cropAndResize = gradient<tf.CropAndResizeAttrs>(
  tf.CropAndResize,
  { inputs: ['image', 'boxes', 'boxInd'] },
  (dy, kept, { cropSize, method }) => ({
    image: () => {
      const [image, boxes, boxInd] = kept as readonly [tf.Tensor4D, tf.Tensor2D, tf.Tensor1D];
      const [batch, height, width, channels] = image.shape;
      const [count] = boxes.shape;
      const [top, left, bottom, right] = tf.split(tf.reshape(boxes, [count, 1, 4]), 4, 2) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const [outHeight, outWidth] = cropSize;
      const rows = weightsOf(top, bottom, height, outHeight, method);
      const columns = weightsOf(left, right, width, outWidth, method);
      const down = tf.matMul(rows, tf.reshape(dy, [count, outHeight, outWidth * channels]));
      const turned = tf.transpose(tf.reshape(down, [count, height, outWidth, channels]), [0, 2, 1, 3]);
      const across = tf.matMul(columns, tf.reshape(turned, [count, outWidth, height * channels]));
      const pictures = tf.transpose(tf.reshape(across, [count, width, height, channels]), [0, 2, 1, 3]);
      return tf.unsortedSegmentSum(pictures, tf.cast(boxInd, 'int32'), batch);
    },
  }),
);

/** The gradients of cutting boxes out of pictures. */
export const cropGradients: readonly Gradient[] = [cropAndResize];
