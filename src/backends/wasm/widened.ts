import { type Bounds, boundsOf } from './activation.ts';
import { workspace } from './conv2d.ts';
import { type ConvolutionAttributes, sizesOf } from './geometry.ts';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';
import { packed } from './product.ts';

interface WidenedAttributes extends ConvolutionAttributes {
  readonly expansionActivation: string;
  readonly activation: string;
}

/** A convolution of single pixels and the depthwise convolution after it, band by band: the value between them is never whole. */
export const widenedDepthwiseConv2d = trainingKernel<
  'x' | 'expansion' | 'filter' | 'bias' | 'added',
  WidenedAttributes
>('WidenedDepthwiseConv2D', ({ inputs: { x, expansion, filter, bias, added }, attrs, backend }) => {
  const [inChannels, channels] = expansion.shape.slice(-2) as [number, number];
  const { batch, outShape, geometry } = sizesOf([...x.shape.slice(0, -1), channels], filter.shape, attrs, true);
  const [, width, , , , kernelHeight, , strideY, , dilationY] = geometry;
  const result = allocate(backend, outShape);
  const weights = packed(backend, addressOf(backend, expansion), inChannels, channels, false);
  const kernels = kernelsOn(backend);
  const band = kernels.bandOf(width, channels, kernelHeight, strideY, dilationY);
  const space = workspace(backend, band, channels);
  const at = [x, filter, result, bias, added].map((tensor) => (tensor ? addressOf(backend, tensor) : 0));
  const [from, taps, to, first, second] = at as [number, number, number, number, number];
  const [inner, outer] = [attrs.expansionActivation, attrs.activation].map(boundsOf) as [Bounds, Bounds];
  const operands = [from, weights, taps, to, first, ...inner, second, ...outer] as const;
  kernels.widened(...operands, ...space, inChannels, batch, ...geometry);
  return result;
});
