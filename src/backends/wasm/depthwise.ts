import * as tf from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../shared/kernel.ts';
import { type Bounds, boundsOf } from './activation.ts';
import { type InputGradientCall, isForeign } from './conv2d.ts';
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
  const [low, high] = boundsOf(attrs.activation) as Bounds;
  const [from, weights, to, added] = [x, filter, result, bias].map((tensor) =>
    tensor ? addressOf(backend, tensor) : 0,
  ) as [number, number, number, number];
  const { batch, geometry } = sizes;
  kernelsOn(backend).depthwise(from, weights, to, added, low, high, 0, batch, multiplierOf(sizes), ...geometry);
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

function inputGradient({
  inputs: { dy, filter, x },
  attrs,
  backend,
}: InputGradientCall<tf.DepthwiseConv2dNativeBackpropInputAttrs>): tf.Tensor {
  const sizes = sizesOf(attrs.inputShape, filter.shape, attrs, true, dy.shape);
  const [low, high] = boundsOf(attrs.activation) as Bounds;
  const { batch, geometry } = sizes;
  const [height, width, channels, outHeight, outWidth, down, right, strideY, strideX, dilationY, dilationX, top, left] =
    geometry;
  const isMoved = strideY > 1 || strideX > 1 || multiplierOf(sizes) > 1;
  // Without strides it is the convolution of the gradient with the filter turned around, which is the fast kernel.
  const taps = isMoved ? filter : tf.reverse(filter, [0, 1]);
  const result = allocate(backend, attrs.inputShape);
  const at = [dy, taps, result, x].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
  const [gradient, weights, to, seen] = at as [number, number, number, number];
  if (isMoved) {
    const through = [seen, low, high, batch, multiplierOf(sizes)] as const;
    kernelsOn(backend).depthwiseInputGradient(gradient, weights, to, ...through, ...geometry);
    return result;
  }
  const [above, before] = [(down - 1) * dilationY - top, (right - 1) * dilationX - left];
  const picture = [outHeight, outWidth, channels, height, width, down, right] as const;
  const rest = [1, 1, dilationY, dilationX, above, before] as const;
  kernelsOn(backend).depthwise(gradient, weights, to, 0, low, high, seen, batch, 1, ...picture, ...rest);
  return result;
}

/** The gradient of a depthwise convolution's input, which WASM lacks (trap T11). */
export const depthwiseBackpropInput = trainingKernel(tf.DepthwiseConv2dNativeBackpropInput, inputGradient);

/** The same, and on through the activation that made the input. */
export const depthwiseBackpropThrough = trainingKernel('DepthwiseConv2dNativeBackpropThrough', inputGradient);
