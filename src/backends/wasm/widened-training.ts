import type * as tf from '@tensorflow/tfjs-core';
import type { KernelCall } from '../shared/kernel.ts';
import type { Shape4 } from '../shared/shapes.ts';
import { type Bounds, boundsOf } from './activation.ts';
import { pixelsAtOnce, workspace } from './conv2d.ts';
import { type ConvolutionAttributes, type Sizes, sizesOf } from './geometry.ts';
import { addressOf, allocate, allocateZeros, type WasmBackend } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';
import { packed } from './product.ts';

/** The numbers of a band, 640 KiB: what two convolutions and their gradients read of it stays in the second-level cache. */
const band = 163840;

interface Attributes extends ConvolutionAttributes {
  readonly expansionActivation: string;
}

interface ForwardAttributes extends Attributes {
  readonly activation: string;
}

interface BackwardAttributes extends Attributes {
  /** What made x, where its gradient goes on through that. */
  readonly before?: string;
  /** Which gradients are wanted. */
  readonly wanted: readonly ('x' | 'expansion' | 'filter')[];
}

/** Sizes of the pair: those of the depthwise convolution, and of the expansion of so many pixels. */
function sizesOfPair(x: tf.Tensor, expansion: tf.Tensor, filter: tf.Tensor, attrs: Attributes, outShape?: Shape4) {
  const [inChannels, channels] = expansion.shape.slice(-2) as [number, number];
  const sizes = sizesOf([...x.shape.slice(0, -1), channels], filter.shape, attrs, true, outShape);
  const [height, width] = sizes.geometry;
  const expand = (pixels: number) =>
    [pixels, channels, pixels, 1, inChannels, pixels, 1, 1, 1, 1, 1, 1, 1, 0, 0] as const;
  // Bands of equal height, as a small last one would cost as much as a whole.
  const most = Math.min(height, Math.max(1, Math.floor(band / (width * channels))));
  const rows = Math.ceil(height / Math.ceil(height / most));
  return { ...sizes, inChannels, channels, expand, rows };
}

/** Goes through the rows of a picture between the two convolutions, with the output rows that each band makes complete. */
function* bandsOf({ geometry }: Sizes, rows: number): Generator<Record<'row' | 'some' | 'outRow' | 'someOut', number>> {
  const [height, , , outHeight, , down, , stride, , dilation, , top] = geometry;
  let outRow = 0;
  for (let row = 0; row < height; row += rows) {
    const some = Math.min(rows, height - row);
    const isLast = row + some === height;
    const seen = Math.floor((row + some - 1 - (down - 1) * dilation + top) / stride) + 1;
    const end = isLast ? outHeight : Math.min(outHeight, Math.max(outRow, seen));
    yield { row, some, outRow, someOut: end - outRow };
    outRow = end;
  }
}

/** The geometry of some rows of a depthwise convolution's output. */
function outRows({ geometry }: Sizes, first: number, count: number): Sizes['geometry'] {
  const [height, width, channels, , outWidth, down, right, strideY, strideX, dilationY, dilationX, top, left] =
    geometry;
  const window = [down, right, strideY, strideX, dilationY, dilationX] as const;
  return [height, width, channels, count, outWidth, ...window, top - first * strideY, left];
}

/**
 * A convolution of single pixels and the depthwise convolution after it, band by band: the second reads what the first
 * has just written. What lies between the two comes out as well, for the gradients.
 */
export const widenedKeeping = trainingKernel<'x' | 'expansion' | 'filter' | 'bias' | 'added', ForwardAttributes>(
  'WidenedDepthwiseConv2DKeeping',
  ({ inputs: { x, expansion, filter, bias, added }, attrs, backend }) => {
    const sizes = sizesOfPair(x, expansion, filter, attrs);
    const { batch, inChannels, channels, expand, rows, outShape, geometry } = sizes;
    const [height, width] = geometry;
    const [result, between] = [outShape, [batch, height, width, channels]].map((shape) => allocate(backend, shape));
    const kernels = kernelsOn(backend);
    const weights = packed(backend, addressOf(backend, expansion), inChannels, channels, false);
    const space = workspace(backend, 1, channels);
    const at = [x, filter, result, between, bias, added].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
    const [from, taps, to, middle, first, second] = at as [number, number, number, number, number, number];
    const [inner, outer] = [attrs.expansionActivation, attrs.activation].map(boundsOf) as [Bounds, Bounds];
    const [, outHeight, outWidth] = outShape;
    for (let picture = 0; picture < batch; picture++) {
      const whole = middle + 4 * picture * height * width * channels;
      for (const { row, some, outRow, someOut } of bandsOf(sizes, rows)) {
        const pixel = (picture * height + row) * width;
        const wide = [weights, middle + 4 * pixel * channels, first, ...inner, ...space] as const;
        kernels.convolve(from + 4 * pixel * inChannels, ...wide, ...expand(some * width));
        const line = to + 4 * (picture * outHeight + outRow) * outWidth * channels;
        kernels.depthwise(whole, taps, line, second, ...outer, 0, 1, 1, ...outRows(sizes, outRow, someOut));
      }
    }
    return [result as tf.Tensor, between as tf.Tensor];
  },
);

/**
 * The gradients of the two, band by band: that of what lies between them never goes through memory.
 *
 * Gives those of x, of the expansion's filter and of the depthwise one, as far as they are wanted.
 */
export const widenedBackprop = trainingKernel<'x' | 'expansion' | 'filter' | 'between' | 'dy', BackwardAttributes>(
  'WidenedDepthwiseConv2DBackprop',
  (call) => gradients(call),
);

function gradients({
  inputs: { x, expansion, filter, between, dy },
  attrs,
  backend,
}: KernelCall<'x' | 'expansion' | 'filter' | 'between' | 'dy', BackwardAttributes, WasmBackend>): tf.Tensor[] {
  const { wanted, before, expansionActivation } = attrs;
  const sizes = sizesOfPair(x, expansion, filter, attrs, dy.shape as Shape4);
  const { batch, inChannels, channels, expand, rows, geometry } = sizes;
  const [height, width, , outHeight, outWidth, down, right, strideY, strideX, dilationY, dilationX, top, left] =
    geometry;
  const kernels = kernelsOn(backend);
  const results = {
    x: wanted.includes('x') ? allocate(backend, x.shape) : undefined,
    expansion: wanted.includes('expansion') ? allocateZeros(backend, expansion.shape) : undefined,
    filter: wanted.includes('filter') ? allocateZeros(backend, filter.shape) : undefined,
  };
  const columns = Math.ceil(channels / 8) * 8;
  const [turned, slope, panel] = [filter.size, rows * width * channels, pixelsAtOnce * columns].map((size) =>
    allocate(backend, [size]),
  );
  const back = results.x ? packed(backend, addressOf(backend, expansion), channels, inChannels, true) : 0;
  const space = workspace(backend, 1, Math.max(channels, inChannels));
  const tensors = [x, between, dy, filter, turned, slope, panel, results.x, results.expansion, results.filter];
  const [from, middle, dyFrom, taps, around, held, room, toX, toExpansion, toFilter] = tensors.map((tensor) =>
    tensor ? addressOf(backend, tensor) : 0,
  ) as [number, number, number, number, number, number, number, number, number, number];
  const [low, high] = boundsOf(expansionActivation) as Bounds;
  const through = boundsOf(before) as Bounds;
  kernels.turned(taps, around, down, right, strideY, strideX, channels);
  for (let picture = 0; picture < batch; picture++) {
    const whole = middle + 4 * picture * height * width * channels;
    const above = dyFrom + 4 * picture * outHeight * outWidth * channels;
    for (const { row, some, outRow, someOut } of bandsOf(sizes, rows)) {
      const pixel = (picture * height + row) * width;
      if (results.filter) {
        const line = above + 4 * outRow * outWidth * channels;
        kernels.depthwiseFilterGradient(whole, line, toFilter, 1, 1, ...outRows(sizes, outRow, someOut));
      }
      if (!results.x && !results.expansion) continue;
      const active = expansionActivation === 'linear' ? 0 : middle + 4 * pixel * channels;
      const window = [down, right, strideY, strideX, dilationY, dilationX, top + row, left] as const;
      const place = [some, width, channels, outHeight, outWidth, ...window] as const;
      kernels.depthwiseInputGradient(above, taps, around, held, active, low, high, 1, 1, ...place);
      const [read, size] = [from + 4 * pixel * inChannels, expand(some * width)];
      for (let p = 0; results.expansion && p < some * width; p += pixelsAtOnce) {
        const size = expand(Math.min(pixelsAtOnce, some * width - p));
        const [seen, slopes] = [read + 4 * p * inChannels, held + 4 * p * channels];
        kernels.filterGradient(seen, slopes, toExpansion, room, 1, ...space, ...size);
      }
      if (!results.x) continue;
      const to = toX + 4 * pixel * inChannels;
      kernels.inputGradient(held, back, to, before ? read : 0, ...through, ...space, ...size);
    }
  }
  return [results.x, results.expansion, results.filter].filter((tensor) => tensor !== undefined);
}
