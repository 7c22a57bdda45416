import { type Bounds, boundsOf } from './activation.ts';
import { workspace } from './conv2d.ts';
import { type ConvolutionAttributes, sizesOf } from './geometry.ts';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';
import { packed } from './product.ts';

/** How an inverted residual moves over its input, and its activations. */
export interface WidenedAttributes extends ConvolutionAttributes {
  readonly expansionActivation: string;
  readonly activation: string;
  readonly projectionActivation?: string;
}

/** The inputs of an inverted residual: filters, of which the depthwise one is always there, and what is added to the results. */
export type WidenedInputs = 'x' | 'expansion' | 'filter' | 'projection' | 'bias' | 'added' | 'last';

/**
 * A depthwise convolution and the convolutions of single pixels before and after it, as far as there are any, band by band:
 * the values between them are never whole.
 */
export const widenedDepthwiseConv2d = trainingKernel<WidenedInputs, WidenedAttributes>(
  'WidenedDepthwiseConv2D',
  ({ inputs: { x, expansion, filter, projection, bias, added, last }, attrs, backend }) => {
    const [inChannels, channels] = [x.shape.at(-1), filter.shape.at(-2)] as [number, number];
    const outChannels = projection?.shape.at(-1) ?? channels;
    const { batch, outShape, geometry } = sizesOf([...x.shape.slice(0, -1), channels], filter.shape, attrs, true);
    const [height, width, , outHeight, outWidth, kernelHeight, , strideY, , dilationY] = geometry;
    const result = allocate(backend, [...outShape.slice(0, -1), outChannels]);
    const widen = expansion ? packed(backend, addressOf(backend, expansion), inChannels, channels, false) : 0;
    const narrow = projection ? packed(backend, addressOf(backend, projection), channels, outChannels, false) : 0;
    const kernels = kernelsOn(backend);
    const sizes = [height, width, channels, outHeight, outWidth, kernelHeight, strideY, dilationY] as const;
    const [band, scratch] = workspace(backend, kernels.bandOf(0, ...sizes), Math.max(channels, outChannels));
    const held = projection ? addressOf(backend, allocate(backend, [kernels.bandOf(1, ...sizes)])) : 0;
    const at = [x, filter, result, bias, added, last].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
    const [from, taps, to, first, second, third] = at as [number, number, number, number, number, number];
    const activations = [attrs.expansionActivation, attrs.activation, attrs.projectionActivation];
    const [inner, outer, end] = activations.map(boundsOf) as [Bounds, Bounds, Bounds];
    const operands = [from, widen, taps, narrow, to, first, ...inner, second, ...outer, third, ...end] as const;
    kernels.widened(...operands, band, held, scratch, inChannels, outChannels, batch, ...geometry);
    return result;
  },
);
