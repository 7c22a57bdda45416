import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';

/** What the kernels use of tfjs' WASM backend. */
export interface WasmBackend {
  /** Where tensors lie. Asking for one that lies on another backend brings it to the heap, which may grow. */
  readonly dataIdMap: { get(id: tf.DataId): { readonly memoryOffset: number } };
  /** Allocates a tensor on the heap; its numbers are whatever was there. */
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of a tensor's numbers. It dies when the heap grows: allocate first, take views afterwards. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  /** The instance; its memory is among what it exports. */
  readonly wasm: { readonly asm: Readonly<Record<string, unknown>> };
}

/**
 * Allocates a tensor whose numbers are whatever was on the heap: write each of them.
 *
 * @param backend The backend.
 * @param shape The shape.
 * @param dtype The type of the numbers.
 * @throws TransferError `RUN_FAILED` where the heap has no room.
 */
export function allocate(backend: WasmBackend, shape: readonly number[], dtype: tf.DataType = 'float32'): tf.Tensor {
  const tensor = tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, dtype));
  if (tensor.size > 0 && addressOf(backend, tensor) === 0) {
    const bytes = tensor.size * tf.util.bytesPerElement(dtype);
    tensor.dispose();
    throw new TransferError(
      'RUN_FAILED',
      `WebAssembly's memory has no room for ${bytes} bytes ([${shape}], ${dtype}); ${tf.memory().numBytes} bytes are in ` +
        'tensors. Use smaller batches or smaller pictures, or dispose of models that are not needed.',
    );
  }
  return tensor;
}

/**
 * Returns where a tensor lies on the heap.
 *
 * @param backend The backend.
 * @param tensor The tensor.
 */
export function addressOf(backend: WasmBackend, { dataId }: tf.TensorInfo): number {
  return backend.dataIdMap.get(dataId).memoryOffset;
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
