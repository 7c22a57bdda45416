import type { KernelCall } from '../shared/kernel.ts';
import type { Shape4 } from '../shared/shapes.ts';
import { type Bounds, boundsOf } from './activation.ts';
import { pixelsAtOnce, workspace } from './conv2d.ts';
import { sizesOf } from './geometry.ts';
import { addressOf, allocate, allocateZeros, type WasmBackend } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';
import { outputOf, piecesOf, pixelwise } from './pieces.ts';
import { packed } from './product.ts';
import type { WidenedAttributes, WidenedInputs } from './widened.ts';

interface BackwardAttributes extends WidenedAttributes {
  /** What made x, where its gradient goes on through that. */
  readonly before?: string;
  /** Which gradients are wanted, in this order. */
  readonly wanted: readonly ('x' | 'expansion' | 'filter' | 'projection')[];
}

/**
 * A depthwise convolution and the convolutions of single pixels before and after it, as far as there are any, piece by
 * piece: each reads what the one before has just written. Gives the output and, for the gradients, what lies between: what
 * the expansion made, if there is one, and what the depthwise convolution made, if a projection follows.
 */
export const widenedKeeping = trainingKernel<WidenedInputs, WidenedAttributes>(
  'WidenedDepthwiseConv2DKeeping',
  ({ inputs: { x, expansion, filter, projection, bias, added, last }, attrs, backend }) => {
    const [inChannels, channels] = [x.shape.at(-1), filter.shape.at(-2)] as [number, number];
    const sizes = sizesOf([...x.shape.slice(0, -1), channels], filter.shape, attrs, true);
    const { batch, outShape, geometry } = sizes;
    const [height, width, , outHeight, outWidth] = geometry;
    const outChannels = projection?.shape.at(-1) ?? 0;
    const between = expansion && allocate(backend, [batch, height, width, channels]);
    const filtered = allocate(backend, outShape);
    const projected = projection && allocate(backend, [...outShape.slice(0, -1), outChannels]);
    const kernels = kernelsOn(backend);
    const widen = expansion ? packed(backend, addressOf(backend, expansion), inChannels, channels, false) : 0;
    const narrow = projection ? packed(backend, addressOf(backend, projection), channels, outChannels, false) : 0;
    const space = workspace(backend, 1, Math.max(channels, outChannels));
    const tensors = [x, filter, between ?? x, filtered, projected, bias, added, last];
    const [from, taps, middle, to, out, first, second, third] = tensors.map((tensor) =>
      tensor ? addressOf(backend, tensor) : 0,
    ) as [number, number, number, number, number, number, number, number];
    const activations = [attrs.expansionActivation, attrs.activation, attrs.projectionActivation];
    const [inner, outer, end] = activations.map(boundsOf) as [Bounds, Bounds, Bounds];
    for (const piece of piecesOf(sizes)) {
      const { picture, pictures, row, rows, outRow, outRows } = piece;
      const pixel = (picture * height + row) * width;
      const wide = [widen, middle + 4 * pixel * channels, first, ...inner, ...space] as const;
      const pixels = pixelwise(pictures * rows * width, inChannels, channels);
      if (expansion) kernels.convolve(from + 4 * pixel * inChannels, ...wide, ...pixels);
      const whole = middle + 4 * picture * height * width * channels;
      const outPixel = (picture * outHeight + outRow) * outWidth;
      const line = to + 4 * outPixel * channels;
      kernels.depthwise(whole, taps, line, second, ...outer, 0, pictures, 1, ...outputOf(sizes, piece));
      if (!projection) continue;
      const ending = [narrow, out + 4 * outPixel * outChannels, third, ...end, ...space] as const;
      kernels.convolve(line, ...ending, ...pixelwise(pictures * outRows * outWidth, channels, outChannels));
    }
    return [projected ?? filtered, ...(between ? [between] : []), ...(projected ? [filtered] : [])];
  },
);

type BackwardInputs = 'x' | 'expansion' | 'filter' | 'projection' | 'between' | 'filtered' | 'dy';
type BackwardCall = KernelCall<BackwardInputs, BackwardAttributes, WasmBackend>;

/**
 * The gradients of these, piece by piece: those of what lies between them never go through memory. Gives those of x, of
 * the expansion's filter, of the depthwise one and of the projection's, as far as they are wanted.
 */
export const widenedBackprop = trainingKernel('WidenedDepthwiseConv2DBackprop', (call: BackwardCall) => {
  const { inputs, attrs, backend } = call;
  const { x, expansion, filter, projection, between, filtered, dy } = inputs;
  const [inChannels, channels] = [x.shape.at(-1), filter.shape.at(-2)] as [number, number];
  const outChannels = projection?.shape.at(-1) ?? 0;
  const outShape = [...dy.shape.slice(0, -1), channels] as unknown as Shape4;
  const sizes = sizesOf([...x.shape.slice(0, -1), channels], filter.shape, attrs, true, outShape);
  const [height, width, , outHeight, outWidth, down, right, strideY, strideX, dilationY, dilationX, top, left] =
    sizes.geometry;
  const kernels = kernelsOn(backend);
  // Those of filters are sums over all pieces; that of x is written whole.
  const results = attrs.wanted.map((name) => (name === 'x' ? allocate : allocateZeros)(backend, inputs[name].shape));
  const gradientOf = (name: BackwardAttributes['wanted'][number]) => {
    const result = results[attrs.wanted.indexOf(name)];
    return result ? addressOf(backend, result) : 0;
  };
  const [toX, toExpansion] = [gradientOf('x'), gradientOf('expansion')];
  const [toFilter, toProjection] = [gradientOf('filter'), gradientOf('projection')];
  const pieces = [...piecesOf(sizes)];
  const largest = Math.max(...pieces.map(({ pictures, rows }) => pictures * rows * width));
  const together = Math.max(...pieces.map(({ pictures }) => pictures)) * outHeight * outWidth;
  const needed = [filter.size, expansion ? largest * channels : 0, projection ? together * channels : 0];
  const panel = pixelsAtOnce * 8 * Math.ceil(Math.max(channels, outChannels) / 8);
  const [around, held, above, room] = [...needed, panel].map((size) =>
    addressOf(backend, allocate(backend, [size])),
  ) as [number, number, number, number];
  const narrow = toX && expansion ? packed(backend, addressOf(backend, expansion), channels, inChannels, true) : 0;
  const widen = projection ? packed(backend, addressOf(backend, projection), outChannels, channels, true) : 0;
  const space = workspace(backend, 1, Math.max(channels, inChannels, outChannels));
  const [from, taps, middle, output, slope] = [x, filter, between ?? x, filtered, dy].map((tensor) =>
    tensor ? addressOf(backend, tensor) : 0,
  ) as [number, number, number, number, number];
  if (toX || toExpansion) kernels.turned(taps, around, down, right, strideY, strideX, channels);
  /** The gradients of a convolution of single pixels, some at a time: what they read of these stays in the cache. */
  const pixelwiseGradients = (
    count: number,
    [read, fromChannels]: readonly [address: number, channels: number],
    [given, toChannels]: readonly [address: number, channels: number],
    toWeights: number,
    weights: number,
    toInput: number,
    activation: string | undefined,
  ) => {
    for (let p = 0; p < count; p += pixelsAtOnce) {
      const size = pixelwise(Math.min(pixelsAtOnce, count - p), fromChannels, toChannels);
      const [seen, dyAt] = [read + 4 * p * fromChannels, given + 4 * p * toChannels];
      if (toWeights) kernels.filterGradient(seen, dyAt, toWeights, room, 1, ...space, ...size);
      const through = [(activation ?? 'linear') === 'linear' ? 0 : seen, ...(boundsOf(activation) as Bounds)] as const;
      if (toInput) kernels.inputGradient(dyAt, weights, toInput + 4 * p * fromChannels, ...through, ...space, ...size);
    }
  };
  // What made the depthwise convolution's input.
  const made = (expansion ? attrs.expansionActivation : attrs.before) ?? 'linear';
  const bounds = boundsOf(made) as Bounds;
  for (const piece of pieces) {
    const { picture, pictures, row, rows, outRow } = piece;
    const outPixels = outHeight * outWidth;
    const pixel = (picture * height + row) * width;
    // The gradient of the depthwise convolution's output, of whole pictures: rows of the input see several of its rows.
    let given = slope + 4 * picture * outPixels * channels;
    if (projection) {
      given = above;
      const read = [output + 4 * picture * outPixels * channels, channels] as const;
      const end = [slope + 4 * picture * outPixels * outChannels, outChannels] as const;
      const through = attrs.activation;
      if (row === 0) pixelwiseGradients(pictures * outPixels, read, end, toProjection, widen, above, through);
    }
    if (toFilter) {
      const whole = middle + 4 * picture * height * width * channels;
      const line = given + 4 * outRow * outWidth * channels;
      kernels.depthwiseFilterGradient(whole, line, toFilter, pictures, 1, ...outputOf(sizes, piece));
    }
    if (!toX && !toExpansion) continue;
    const active = made === 'linear' ? 0 : middle + 4 * pixel * channels;
    const window = [down, right, strideY, strideX, dilationY, dilationX, top + row, left] as const;
    const place = [rows, width, channels, outHeight, outWidth, ...window] as const;
    const toInput = toX && toX + 4 * pixel * inChannels;
    const target = expansion ? held : toInput;
    kernels.depthwiseInputGradient(given, taps, around, target, active, ...bounds, pictures, 1, ...place);
    if (!expansion) continue;
    const read = [from + 4 * pixel * inChannels, inChannels] as const;
    pixelwiseGradients(pictures * rows * width, read, [held, channels], toExpansion, narrow, toInput, attrs.before);
  }
  return results;
});
