import * as tf from '@tensorflow/tfjs-core';

/** What the kernels use of tfjs' WASM backend. */
export interface WasmBackend {
  /** Where tensors lie. Asking for one that lies on another backend brings it to the heap, which may grow. */
  readonly dataIdMap: { get(id: tf.DataId): unknown };
  /** Allocates a tensor on the heap; its numbers are whatever was there. */
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of a tensor's numbers. It dies when the heap grows: allocate first, take views afterwards. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

/**
 * Allocates a tensor whose numbers are whatever was on the heap: write each of them.
 *
 * @param backend The backend.
 * @param shape The shape.
 * @param dtype The type of the numbers.
 */
export function allocate(backend: WasmBackend, shape: readonly number[], dtype: tf.DataType = 'float32'): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, dtype));
}

/**
 * Allocates a tensor of zeros.
 *
 * @param backend The backend.
 * @param shape The shape.
 * @param dtype The type of the numbers.
 */
export function allocateZeros(
  backend: WasmBackend,
  shape: readonly number[],
  dtype: tf.DataType = 'float32',
): tf.Tensor {
  const tensor = allocate(backend, shape, dtype);
  backend.typedArrayFromHeap(tensor).fill(0);
  return tensor;
}
