import * as tf from '@tensorflow/tfjs-core';
import { dilatedConv2d, dilatedDepthwise } from './dilated-gradients.ts';
import { type Gradient, gradient } from './gradient.ts';
import { run } from './run-kernel.ts';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

/** For each window along an axis, what part of it lies inside. */
function share(outputs: number, inputs: number, window: number, stride: number, padding: number): number[] {
  return Array.from({ length: outputs }, (_, output) => {
    const first = output * stride - padding;
    return window / (Math.min(inputs, first + window) - Math.max(0, first));
  });
}

/** Scales by a number for each place of an axis. */
const along = (tensor: tf.Tensor, axis: number, factors: readonly number[]) =>
  factors.every((factor) => factor === 1)
    ? tensor
    : tf.mul(
        tensor,
        tf.tensor(
          factors,
          tensor.shape.map((_, i) => (i === axis ? factors.length : 1)),
        ),
      );

/**
 * The gradient of average pooling: windows at the edge are an average over fewer places, which that of tfjs forgets
 * where pictures are padded.
 */
const avgPool = gradient<tf.AvgPoolAttrs>(tf.AvgPool, { inputs: ['x'] }, (dy, [x], attributes) => ({
  x: () => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes;
    const { shape } = x as tf.Tensor;
    const info = tf.backend_util.computePool2DInfo(shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode);
    const rows = share(info.outHeight, info.inHeight, info.filterHeight, info.strideHeight, info.padInfo.top);
    const columns = share(info.outWidth, info.inWidth, info.filterWidth, info.strideWidth, info.padInfo.left);
    return run(tf.AvgPoolGrad, { dy: along(along(dy, 1, rows), 2, columns), input: x as tf.Tensor }, attributes);
  },
}));

/** The gradient of average pooling over volumes, as that over pictures. */
const avgPool3d = gradient<tf.AvgPool3DAttrs>(tf.AvgPool3D, { inputs: ['x'] }, (dy, [x], attributes) => ({
  x: () => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes;
    const { shape } = x as tf.Tensor;
    const info = tf.backend_util.computePool3DInfo(shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode);
    const { padInfo } = info;
    const planes = share(info.outDepth, info.inDepth, info.filterDepth, info.strideDepth, padInfo.front);
    const rows = share(info.outHeight, info.inHeight, info.filterHeight, info.strideHeight, padInfo.top);
    const columns = share(info.outWidth, info.inWidth, info.filterWidth, info.strideWidth, padInfo.left);
    const scaled = along(along(along(dy, 1, planes), 2, rows), 3, columns);
    return run(tf.AvgPool3DGrad, { dy: scaled, input: x as tf.Tensor }, attributes);
  },
}));

const isDilated = (dilations: readonly number[] | number) => [dilations].flat().some((dilation) => dilation !== 1);

/** The gradient of a convolution, which tfjs refuses to dilate. */
const conv2d = gradient<tf.Conv2DAttrs>(tf.Conv2D, { inputs: ['x', 'filter'] }, (dy, kept, attributes) => {
  const [x, filter] = kept as readonly [tf.Tensor, tf.Tensor];
  const { dilations, ...rest } = attributes;
  if (isDilated(dilations)) return dilatedConv2d(dy, x, filter, attributes);
  return {
    x: () => run(tf.Conv2DBackpropInput, { dy, filter }, { ...rest, inputShape: x.shape }),
    filter: () => run(tf.Conv2DBackpropFilter, { x, dy }, { ...rest, filterShape: filter.shape }),
  };
});

/** The gradient of a depthwise convolution, which tfjs refuses to dilate. */
const depthwise = gradient<tf.DepthwiseConv2dNativeAttrs>(
  tf.DepthwiseConv2dNative,
  { inputs: ['x', 'filter'] },
  (dy, kept, given) => {
    const [x, filter] = kept as readonly [tf.Tensor, tf.Tensor];
    // The layer passes null for no dilation.
    const attributes = { ...given, dilations: given.dilations ?? [1, 1] };
    if (isDilated(attributes.dilations)) return dilatedDepthwise(dy, x, filter, attributes);
    return {
      x: () => run(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, { ...attributes, inputShape: x.shape }),
      filter: () =>
        run(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { ...attributes, filterShape: filter.shape }),
    };
  },
);

/** The gradient of a transposed convolution over volumes, which tfjs does not have. */
const conv3dTranspose = gradient<tf.Conv3DBackpropInputV2Attrs>(
  tf.Conv3DBackpropInputV2,
  { inputs: ['dy', 'filter'] },
  (ddx, kept, { strides, pad }) => {
    const [dy, filter] = kept as readonly [tf.Tensor5D, tf.Tensor5D];
    return {
      dy: () => tf.conv3d(ddx as tf.Tensor5D, filter, strides as [number, number, number], pad),
      filter: () => run(tf.Conv3DBackpropFilterV2, { x: ddx, dy }, { strides, pad, filterShape: filter.shape }),
    };
  },
);

/** The gradients of convolutions and poolings. */
export const windowGradients: readonly Gradient[] = [avgPool, avgPool3d, conv2d, depthwise, conv3dTranspose];
