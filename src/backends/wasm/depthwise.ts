import * as tf from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../shared/kernel.ts';
import { type Bounds, boundsOf } from './activation.ts';
import { type GradientsCall, gradientKernels, isForeign } from './conv2d.ts';
import { type ConvolutionAttributes, type Sizes, sizesOf } from './geometry.ts';
import { addressOf, allocate, allocateZeros, type WasmBackend } from './heap.ts';
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

/** The gradients of a depthwise convolution, that of the input first, picture by picture: both read the same. */
function gradients({ inputs: { x, dy, filter }, attrs, backend }: GradientsCall): tf.Tensor[] {
  const { filterShape, inputShape } = attrs;
  const sizes = sizesOf(inputShape ?? x.shape, filterShape ?? filter.shape, attrs, true, dy.shape);
  const { batch, outChannels, geometry } = sizes;
  const [height, width, channels, outHeight, outWidth, down, right, strideY, strideX] = geometry;
  const kernels = kernelsOn(backend);
  const multiplier = multiplierOf(sizes);
  const input = inputShape && allocate(backend, inputShape);
  const weights = filterShape && allocateZeros(backend, filterShape);
  const around = input && allocate(backend, filter.shape);
  const at = [x, dy, filter, around, input, weights].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
  const [seen, slope, taps, turned, toInput, toWeights] = at as [number, number, number, number, number, number];
  if (input) kernels.turned(taps, turned, down, right, strideY, strideX, channels);
  const bounds = boundsOf(attrs.activation) as Bounds;
  for (let picture = 0; picture < batch; picture++) {
    const offset = 4 * picture * height * width * channels;
    const [read, dyRead] = [seen + offset, slope + 4 * picture * outHeight * outWidth * outChannels];
    if (weights) kernels.depthwiseFilterGradient(read, dyRead, toWeights, 1, multiplier, ...geometry);
    if (!input) continue;
    const through = [attrs.activation ? read : 0, ...bounds] as const;
    kernels.depthwiseInputGradient(dyRead, taps, turned, toInput + offset, ...through, 1, multiplier, ...geometry);
  }
  return [input, weights].filter((tensor) => tensor !== undefined);
}

/** The gradients of a depthwise convolution. */
export const depthwiseGradients = gradientKernels(tf.DepthwiseConv2dNative, gradients);
