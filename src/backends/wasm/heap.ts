import type { TensorInfo } from '@tensorflow/tfjs-core';

/** What the kernels use of tfjs' WASM backend. */
export interface WasmBackend {
  /** Allocates a tensor on the heap; its numbers are whatever was there. */
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
  /** A view of a tensor's numbers; it dies when the heap grows, so allocate before taking views. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
}

/**
 * Allocates the result of a kernel, filled with zeros, and takes views of its inputs.
 *
 * @param backend The backend.
 * @param shape The shape of the result.
 * @param inputs The inputs.
 */
export function allocate(
  backend: WasmBackend,
  shape: readonly number[],
  ...inputs: readonly TensorInfo[]
): { readonly result: TensorInfo; readonly numbers: Float32Array; readonly views: readonly Float32Array[] } {
  const result = backend.makeOutput(shape, 'float32');
  const numbers = backend.typedArrayFromHeap(result).fill(0);
  return { result, numbers, views: inputs.map((input) => backend.typedArrayFromHeap(input)) };
}
