import * as tf from '@tensorflow/tfjs-core';
import type { Shape4 } from '../shared/shapes.ts';
import type { Geometry } from './native.ts';

/** How tfjs' kernels describe a convolution. */
export interface ConvolutionAttributes {
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  readonly dilations?: number | [number, number] | null;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The sizes of a convolution. */
export interface Sizes {
  readonly batch: number;
  readonly outChannels: number;
  /** How many output pixels all pictures have. */
  readonly pixels: number;
  /** How many numbers a window sees. */
  readonly taps: number;
  readonly outShape: Shape4;
  readonly geometry: Geometry;
}

/**
 * Returns the sizes of a convolution over pictures, channels last.
 *
 * @param inputShape The shape of the input.
 * @param filterShape The shape of the filter.
 * @param attributes Strides, padding and dilations.
 * @param depthwise Whether each channel has filters of its own.
 * @param outShape The shape of the output where it is known already: that of its gradient.
 */
export function sizesOf(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations, dimRoundingMode }: ConvolutionAttributes,
  depthwise: boolean,
  outShape?: readonly number[],
): Sizes {
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
  const [batch, outHeight, outWidth, outChannels] = (outShape ?? info.outShape) as Shape4;
  const { inHeight, inWidth, inChannels, filterHeight, filterWidth, padInfo } = info;
  return {
    batch,
    outChannels,
    pixels: batch * outHeight * outWidth,
    taps: filterHeight * filterWidth * inChannels,
    outShape: [batch, outHeight, outWidth, outChannels],
    geometry: [
      ...([inHeight, inWidth, inChannels, outHeight, outWidth] as const),
      ...([filterHeight, filterWidth, info.strideHeight, info.strideWidth] as const),
      ...([info.dilationHeight, info.dilationWidth, padInfo.top, padInfo.left] as const),
    ],
  };
}
