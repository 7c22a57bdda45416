import * as tf from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../shared/kernel.ts';
import { type Bounds, boundsOf } from './activation.ts';
import { type ConvolutionAttributes, sizesOf } from './geometry.ts';
import { addressOf, allocate, allocateZeros, type WasmBackend } from './heap.ts';
import { assertChannelsLast, trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';
import { packed } from './product.ts';

interface FusedAttributes extends ConvolutionAttributes {
  readonly dataFormat?: string;
  readonly activation?: string;
}

/** A call for the gradient of an input: with `x` and the activation that made it, where it goes on through that. */
export type InputGradientCall<Attributes> = KernelCall<
  'dy' | 'filter' | 'x',
  Attributes & { readonly activation?: string },
  WasmBackend
>;

type Inputs = 'x' | 'filter' | 'bias' | 'preluActivationWeights';

/**
 * Allocates what a kernel works in.
 *
 * @param backend The backend.
 * @param tileSize The numbers of a tile.
 * @param columns The columns of a product.
 * @returns The addresses of the tile, and of the scratch that such a product needs.
 */
export function workspace(
  backend: WasmBackend,
  tileSize: number,
  columns: number,
): readonly [tile: number, scratch: number] {
  const kernels = kernelsOn(backend);
  const tile = allocate(backend, [tileSize]);
  return [addressOf(backend, tile), addressOf(backend, allocate(backend, [kernels.scratchOf(columns)]))];
}

/** Whether tfjs' own kernel has to take the call: other types, channels first, activations that are no bounds. */
export function isForeign({ inputs, attrs }: KernelCall<Inputs, FusedAttributes, WasmBackend>): boolean {
  const { x, filter, bias, preluActivationWeights } = inputs;
  if ([x, filter, ...(bias ? [bias] : [])].some(({ dtype, size }) => dtype !== 'float32' || size === 0)) return true;
  if (preluActivationWeights || (bias && bias.size !== bias.shape.at(-1))) return true;
  return (attrs.dataFormat ?? 'NHWC') !== 'NHWC' || !boundsOf(attrs.activation);
}

function convolve(call: KernelCall<Inputs, FusedAttributes, WasmBackend>): tf.Tensor | undefined {
  if (isForeign(call)) return undefined;
  const { inputs, attrs, backend } = call;
  const { x, filter, bias } = inputs;
  for (const { dataId } of [x, filter, ...(bias ? [bias] : [])]) backend.dataIdMap.get(dataId);
  const sizes = sizesOf(x.shape, filter.shape, attrs, false);
  const { taps, pixels, outChannels, geometry } = sizes;
  const result = allocate(backend, sizes.outShape);
  const weights = packed(backend, addressOf(backend, filter), taps, outChannels, false);
  const [tile, scratch] = workspace(backend, kernelsOn(backend).tileOf(taps) * taps, outChannels);
  const [low, high] = boundsOf(attrs.activation) as Bounds;
  const [from, to, added] = [x, result, bias].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
  const operands = [from, weights, to, added, low, high] as [number, number, number, number, number, number];
  kernelsOn(backend).convolve(...operands, tile, scratch, pixels, outChannels, ...geometry);
  return result;
}

/** The convolution, by the matrix product of our own. */
export const conv2d = kernel(tf.Conv2D, convolve);

/** The convolution with bias and activation. */
export const fusedConv2d = kernel(tf.FusedConv2D, convolve);

/** The gradient of a convolution's filter, which WASM lacks (trap T11). */
export const conv2dBackpropFilter = trainingKernel<'x' | 'dy', tf.Conv2DBackpropFilterAttrs>(
  tf.Conv2DBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    assertChannelsLast(tf.Conv2DBackpropFilter, attrs.dataFormat);
    if (dy.size * x.size === 0) return allocateZeros(backend, attrs.filterShape);
    const sizes = sizesOf(x.shape, attrs.filterShape, attrs, false, dy.shape);
    const { taps, pixels, outChannels, geometry } = sizes;
    const result = allocate(backend, attrs.filterShape);
    const rows = Math.min(pixels, kernelsOn(backend).filterTileOf(taps));
    const panel = allocate(backend, [rows * Math.ceil(outChannels / 8) * 8]);
    const space = workspace(backend, rows * taps, outChannels);
    const [seen, gradient, to, room] = [x, dy, result, panel].map((tensor) => addressOf(backend, tensor));
    const operands = [seen, gradient, to, room] as [number, number, number, number];
    kernelsOn(backend).filterGradient(...operands, ...space, pixels, outChannels, ...geometry);
    return result;
  },
);

function inputGradient({ inputs, attrs, backend }: InputGradientCall<tf.Conv2DBackpropInputAttrs>): tf.Tensor {
  const { dy, filter, x } = inputs;
  assertChannelsLast(tf.Conv2DBackpropInput, attrs.dataFormat);
  if (dy.size * filter.size === 0) return allocateZeros(backend, attrs.inputShape);
  const result = allocate(backend, attrs.inputShape);
  const sizes = sizesOf(attrs.inputShape, filter.shape, attrs, false, dy.shape);
  const { taps, pixels, outChannels, geometry } = sizes;
  const weights = packed(backend, addressOf(backend, filter), outChannels, taps, true);
  const space = workspace(backend, kernelsOn(backend).tileOf(taps) * taps, taps);
  const addresses = [dy, result, x].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
  const [gradient, to, seen] = addresses as [number, number, number];
  const operands = [gradient, weights, to, seen, ...(boundsOf(attrs.activation) as Bounds)] as const;
  kernelsOn(backend).inputGradient(...operands, ...space, pixels, outChannels, ...geometry);
  return result;
}

/** The gradient of a convolution's input, which is the transposed convolution too: tfjs has it in naive loops. */
export const conv2dBackpropInput = trainingKernel(tf.Conv2DBackpropInput, inputGradient);

/** The same, and on through the activation that made the input. */
export const conv2dBackpropThrough = trainingKernel('Conv2DBackpropThrough', inputGradient);
