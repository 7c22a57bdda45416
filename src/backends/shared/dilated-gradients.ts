import * as tf from '@tensorflow/tfjs-core';
import type { InputGradients } from './gradient.ts';

type Shape4 = [number, number, number, number];
type Attributes = Pick<tf.Conv2DAttrs, 'dilations' | 'pad' | 'dimRoundingMode' | 'strides'>;

/** The taps of a dilated filter, and what they see of the padded pictures. A dilated convolution has no strides. */
function tapsOf(x: tf.Tensor, dy: tf.Tensor, filter: tf.Tensor, attributes: Attributes, isDepthwise: boolean) {
  const { dilations, pad, dimRoundingMode, strides } = attributes;
  const [shape, filterShape] = [x.shape as Shape4, filter.shape as Shape4];
  const info = tf.backend_util.computeConv2DInfo(
    shape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    isDepthwise,
  );
  const { padInfo, dilationHeight, dilationWidth, filterHeight, filterWidth } = info;
  const [batch, height, width, channels] = shape;
  const [, outHeight, outWidth] = dy.shape as Shape4;
  const [padded, from] = [
    [height + padInfo.top + padInfo.bottom, width + padInfo.left + padInfo.right],
    [padInfo.top, padInfo.left],
  ] as const;
  const places = Array.from({ length: filterHeight * filterWidth }, (_, tap) => ({
    row: Math.floor(tap / filterWidth),
    column: tap % filterWidth,
  }));
  const pictures = () =>
    tf.pad(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
  return {
    /** What each tap computes from the pictures under it, stacked. */
    fromPictures(compute: (seen: tf.Tensor) => tf.Tensor): tf.Tensor {
      const source = pictures();
      const parts = places.map(({ row, column }) =>
        compute(
          tf.slice(
            source,
            [0, row * dilationHeight, column * dilationWidth, 0],
            [batch, outHeight, outWidth, channels],
          ),
        ),
      );
      return tf.reshape(tf.stack(parts), filterShape);
    },
    /** The sum of what each tap gives to the pictures under it. */
    toPictures(compute: (weights: tf.Tensor) => tf.Tensor): tf.Tensor {
      const parts = places.map(({ row, column }) => {
        const weights = tf.slice(filter, [row, column, 0, 0], [1, 1, -1, -1]);
        const [top, left] = [row * dilationHeight, column * dilationWidth];
        return tf.pad(compute(weights), [
          [0, 0],
          [top, padded[0] - top - outHeight],
          [left, padded[1] - left - outWidth],
          [0, 0],
        ]);
      });
      // One by one: WebGPU binds no more than some eight tensors at a time, which nine taps are too many for.
      const sum = parts.reduce((all, part) => tf.add(all, part));
      return tf.slice(sum, [0, from[0], from[1], 0], shape);
    },
  };
}

/**
 * The gradients of a dilated convolution, one product of matrices for each tap of the filter.
 *
 * @param dy The gradient of the output.
 * @param x The pictures, channels last.
 * @param filter The filter.
 * @param attributes The attributes of the convolution.
 */
export function dilatedConv2d(dy: tf.Tensor, x: tf.Tensor, filter: tf.Tensor, attributes: Attributes): InputGradients {
  const taps = tapsOf(x, dy, filter, attributes, false);
  const [, , inChannels, outChannels] = filter.shape as Shape4;
  const gradient = () => tf.reshape(dy, [-1, outChannels]);
  return {
    x: () =>
      taps.toPictures((weights) =>
        tf.reshape(tf.matMul(gradient(), tf.transpose(tf.reshape(weights, [inChannels, outChannels]))), [
          ...dy.shape.slice(0, 3),
          inChannels,
        ]),
      ),
    filter: () => taps.fromPictures((seen) => tf.matMul(tf.transpose(tf.reshape(seen, [-1, inChannels])), gradient())),
  };
}

/**
 * The gradients of a dilated depthwise convolution, tap by tap.
 *
 * @param dy The gradient of the output.
 * @param x The pictures, channels last.
 * @param filter The filter.
 * @param attributes The attributes of the convolution.
 */
export function dilatedDepthwise(
  dy: tf.Tensor,
  x: tf.Tensor,
  filter: tf.Tensor,
  attributes: Attributes,
): InputGradients {
  const taps = tapsOf(x, dy, filter, attributes, true);
  const [, , channels, multiplier] = filter.shape as Shape4;
  const gradient = () => tf.reshape(dy, [-1, channels, multiplier]);
  return {
    x: () =>
      taps.toPictures((weights) =>
        tf.reshape(tf.sum(tf.mul(gradient(), tf.reshape(weights, [1, channels, multiplier])), 2), [
          ...dy.shape.slice(0, 3),
          channels,
        ]),
      ),
    filter: () => taps.fromPictures((seen) => tf.sum(tf.mul(tf.reshape(seen, [-1, channels, 1]), gradient()), 0)),
  };
}
