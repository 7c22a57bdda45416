import type { backend_util, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from './heap.ts';

/** A kernel of the WASM backend, as tfjs calls it. */
export type Kernel<Inputs extends string, Attributes> = (call: {
  readonly inputs: Readonly<Record<Inputs, Tensor>>;
  readonly attrs: Attributes;
  readonly backend: WasmBackend;
}) => TensorInfo;

/** Batch, height, width and channels; of a filter height, width and the channels that it reads and makes. */
export type Shape4D = [number, number, number, number];

/** How a convolution or a pooling moves its window over the input. */
export interface WindowAttributes {
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof backend_util.computeConv2DInfo>[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
