import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, type KernelCall, kernel } from '../shared/kernel.ts';
import type { Shape4 } from '../shared/shapes.ts';
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

/** A call for gradients: of the filter where its shape is among the attributes, of the input where that is. */
export type GradientsCall = KernelCall<
  'x' | 'dy' | 'filter',
  ConvolutionAttributes & {
    readonly dataFormat?: string;
    readonly filterShape?: Shape4;
    readonly inputShape?: Shape4;
    /** What made the input, where its gradient goes on through that. */
    readonly activation?: string;
  },
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

/** Pixels of which both gradients are computed one after the other: what they read of these stays in the cache. */
export const pixelsAtOnce = 384;

/**
 * The gradients of a convolution, that of the input first. Where both are wanted they are computed for some pixels after
 * others: what these read is in the cache then.
 */
function gradients({ inputs: { x, dy, filter }, attrs, backend }: GradientsCall): tf.Tensor[] {
  const { filterShape, inputShape } = attrs;
  assertChannelsLast(filterShape ? tf.Conv2DBackpropFilter : tf.Conv2DBackpropInput, attrs.dataFormat);
  const wanted = [inputShape, filterShape].filter((shape) => shape !== undefined);
  if ([dy, x, filter].some((tensor) => tensor?.size === 0)) return wanted.map((shape) => allocateZeros(backend, shape));
  const sizes = sizesOf(inputShape ?? x.shape, filterShape ?? filter.shape, attrs, false, dy.shape);
  const { taps, pixels, outChannels, geometry } = sizes;
  const [height, width, channels, ...rest] = geometry;
  const kernels = kernelsOn(backend);
  const [input, weights] = [inputShape, filterShape].map((shape) => shape && allocate(backend, shape));
  const tile = kernels.filterTileOf(taps);
  const panel = weights && allocate(backend, [Math.min(pixels, tile) * Math.ceil(outChannels / 8) * 8]);
  const transposed = input ? packed(backend, addressOf(backend, filter), outChannels, taps, true) : 0;
  const space = workspace(backend, Math.min(pixels, tile) * taps, Math.max(taps, outChannels));
  const at = [x, dy, input, weights, panel].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
  const [seen, slope, toInput, toWeights, room] = at as [number, number, number, number, number];
  const bounds = boundsOf(attrs.activation) as Bounds;
  // Windows of single pixels, one after the other, can be taken apart anywhere.
  const [outHeight, outWidth, , , strideY, strideX, , , top, left] = rest;
  const differences = [taps - channels, outHeight - height, outWidth - width, strideY - 1, strideX - 1, top, left];
  const some = differences.every((difference) => difference === 0) ? pixelsAtOnce : pixels;
  for (let p = 0; p < pixels; p += some) {
    const size = [Math.min(some, pixels - p), outChannels, height, width, channels, ...rest] as const;
    const [from, to] = [seen + 4 * p * channels, slope + 4 * p * outChannels];
    if (weights) kernels.filterGradient(from, to, toWeights, room, Number(p > 0), ...space, ...size);
    if (input) {
      const through = attrs.activation ? from : 0;
      kernels.inputGradient(to, transposed, toInput + 4 * p * channels, through, ...bounds, ...space, ...size);
    }
  }
  return [input, weights].filter((tensor) => tensor !== undefined);
}

/**
 * The kernels of a convolution's gradients, which WASM lacks or has in naive loops (trap T11): that of the filter, that of
 * the input, and both, that of the input on through the activation that made it.
 *
 * @param name The name that tfjs knows the convolution by.
 * @param gradients Computes the gradients.
 */
export function gradientKernels(name: string, gradients: (call: GradientsCall) => tf.Tensor[]): readonly Kernel[] {
  const single = (kernelName: string, other: object) =>
    trainingKernel(
      kernelName,
      (call: GradientsCall) => gradients({ ...call, attrs: { ...call.attrs, ...other } })[0] as tf.Tensor,
    );
  return [
    single(`${name}BackpropFilter`, { inputShape: undefined }),
    single(`${name}BackpropInput`, { filterShape: undefined }),
    trainingKernel(`${name}Backprop`, gradients),
  ];
}

/** The gradients of a convolution; that of the input is the transposed convolution too. */
export const conv2dGradients = gradientKernels(tf.Conv2D, gradients);
