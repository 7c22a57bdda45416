import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';

/** A tensor's numbers. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** What the kernels use of tfjs' WASM backend. */
export interface WasmBackend {
  /** Where the tensors lie. Asking for one of another backend brings it to the heap, which may grow. */
  readonly dataIdMap: { get(id: DataId): unknown };
  /** Allocates a tensor on the heap; its numbers are whatever was there. */
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
  /** A view of a tensor's numbers, of the tensor's dtype; it dies when the heap grows. */
  typedArrayFromHeap(tensor: TensorInfo): Numbers;
}

/**
 * Brings tensors of other backends to the heap. `typedArrayFromHeap` does too, but where that makes the heap grow it
 * fails, and the views taken before it die.
 *
 * @param backend The backend.
 * @param tensors The tensors.
 */
export function bringToHeap(backend: WasmBackend, ...tensors: readonly TensorInfo[]): void {
  for (const { dataId } of tensors) backend.dataIdMap.get(dataId);
}

/**
 * Allocates the result of a kernel, filled with zeros, and takes views of its inputs. The views hold until the next
 * allocation.
 *
 * @param backend The backend.
 * @param shape The shape of the result.
 * @param inputs The inputs.
 */
export function allocate<Inputs extends readonly TensorInfo[]>(
  backend: WasmBackend,
  shape: readonly number[],
  ...inputs: Inputs
): { readonly result: TensorInfo; readonly numbers: Numbers; readonly views: { [Index in keyof Inputs]: Numbers } } {
  bringToHeap(backend, ...inputs);
  const result = backend.makeOutput(shape, 'float32');
  const [numbers, ...views] = [result, ...inputs].map((tensor) => backend.typedArrayFromHeap(tensor));
  (numbers as Numbers).fill(0);
  return { result, numbers: numbers as Numbers, views: views as { [Index in keyof Inputs]: Numbers } };
}
