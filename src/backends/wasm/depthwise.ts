import * as tf from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../shared/kernel.ts';
import { boundsOf } from './activation.ts';
import { isForeign } from './conv2d.ts';
import { type ConvolutionAttributes, type Sizes, sizesOf } from './geometry.ts';
import { addressOf, allocate, allocateZeros, type WasmBackend } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';

interface FusedAttributes extends ConvolutionAttributes {
  readonly dataFormat?: string;
  readonly activation?: string;
}

type Inputs = 'x' | 'filter' | 'bias' | 'preluActivationWeights';

const multiplierOf = ({ outChannels, geometry: [, , channels] }: Sizes) => outChannels / channels;

function convolve(call: KernelCall<Inputs, FusedAttributes, WasmBackend>): tf.Tensor | undefined {
  if (isForeign(call)) return undefined;
  const { inputs, attrs, backend } = call;
  const { x, filter, bias } = inputs;
  for (const { dataId } of [x, filter, ...(bias ? [bias] : [])]) backend.dataIdMap.get(dataId);
  const sizes = sizesOf(x.shape, filter.shape, attrs, true);
  const result = allocate(backend, sizes.outShape);
  const [low, high] = boundsOf(attrs.activation) as readonly [number, number];
  const [from, weights, to, added] = [x, filter, result, bias].map((tensor) =>
    tensor ? addressOf(backend, tensor) : 0,
  ) as [number, number, number, number];
  const { batch, geometry } = sizes;
  kernelsOn(backend).depthwise(from, weights, to, added, low, high, batch, multiplierOf(sizes), ...geometry);
  return result;
}

/** The depthwise convolution, four pixels at a time. */
export const depthwiseConv2d = kernel(tf.DepthwiseConv2dNative, convolve);

/** The depthwise convolution with bias and activation. */
export const fusedDepthwiseConv2d = kernel(tf.FusedDepthwiseConv2D, convolve);

/** The gradient of a depthwise convolution's filter, which WASM lacks (trap T11). */
export const depthwiseBackpropFilter = trainingKernel<'x' | 'dy', tf.DepthwiseConv2dNativeBackpropFilterAttrs>(
  tf.DepthwiseConv2dNativeBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    const sizes = sizesOf(x.shape, attrs.filterShape, attrs, true, dy.shape);
    const result = allocateZeros(backend, attrs.filterShape);
    const [seen, gradient, to] = [x, dy, result].map((tensor) => addressOf(backend, tensor)) as [
      number,
      number,
      number,
    ];
    const { batch, geometry } = sizes;
    kernelsOn(backend).depthwiseFilterGradient(seen, gradient, to, batch, multiplierOf(sizes), ...geometry);
    return result;
  },
);

/** The gradient of a depthwise convolution's input, which WASM lacks (trap T11). */
export const depthwiseBackpropInput = trainingKernel<'dy' | 'filter', tf.DepthwiseConv2dNativeBackpropInputAttrs>(
  tf.DepthwiseConv2dNativeBackpropInput,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    const sizes = sizesOf(attrs.inputShape, filter.shape, attrs, true, dy.shape);
    const { batch, geometry } = sizes;
    const [
      height,
      width,
      channels,
      outHeight,
      outWidth,
      down,
      right,
      strideY,
      strideX,
      dilationY,
      dilationX,
      top,
      left,
    ] = geometry;
    if (strideY === 1 && strideX === 1 && multiplierOf(sizes) === 1) {
      // The convolution of the gradient with the filter turned around, which is the fast kernel.
      const turned = tf.reverse(filter, [0, 1]);
      const result = allocate(backend, attrs.inputShape);
      const [gradient, weights, to] = [dy, turned, result].map((tensor) => addressOf(backend, tensor));
      const operands = [gradient, weights, to] as [number, number, number];
      const infinity = Number.POSITIVE_INFINITY;
      const [above, before] = [(down - 1) * dilationY - top, (right - 1) * dilationX - left];
      const image = [outHeight, outWidth, channels, height, width, down, right] as const;
      const rest = [1, 1, dilationY, dilationX, above, before] as const;
      kernelsOn(backend).depthwise(...operands, 0, -infinity, infinity, batch, 1, ...image, ...rest);
      return result;
    }
    const result = allocateZeros(backend, attrs.inputShape);
    const [gradient, weights, to] = [dy, filter, result].map((tensor) => addressOf(backend, tensor));
    const operands = [gradient, weights, to] as [number, number, number];
    kernelsOn(backend).depthwiseInputGradient(...operands, batch, multiplierOf(sizes), ...geometry);
    return result;
  },
);
