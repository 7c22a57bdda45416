import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from './heap.ts';

/** A kernel of the WASM backend, as tfjs calls it. */
export type Kernel<Inputs extends string> = (call: {
  readonly inputs: Readonly<Record<Inputs, Tensor>>;
  readonly attrs: unknown;
  readonly backend: WasmBackend;
}) => TensorInfo;
