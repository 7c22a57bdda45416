import * as tf from '@tensorflow/tfjs-core';
import { dilatedConv2d, dilatedDepthwise } from './dilated-gradients.ts';
import { type Gradient, gradient } from './gradient.ts';
import { run } from './run-kernel.ts';

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

/** The gradients of convolutions. */
export const windowGradients: readonly Gradient[] = [conv2d, depthwise, conv3dTranspose];
