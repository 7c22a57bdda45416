import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';

/** What the kernels use of tfjs' WASM backend. */
export interface WasmBackend {
  /** Where tensors lie. Asking for one that lies on another backend brings it to the heap, which may grow. */
  readonly dataIdMap: { get(id: tf.DataId): { readonly memoryOffset: number } };
  /** Allocates a tensor on the heap; its numbers are whatever was there. */
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** Counts another tensor of the same numbers. */
  incRef(dataId: tf.DataId): void;
  /** A view of a tensor's numbers. It dies when the heap grows: allocate first, take views afterwards. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  /** The instance; its memory is among what it exports, or imported. */
  readonly wasm: {
    readonly asm: Readonly<Record<string, unknown>>;
    readonly wasmMemory?: WebAssembly.Memory;
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
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

/** Near 4 GiB, the allocator of tfjs' build hands out addresses that reach past the end and loses count: stay away. */
const room = 15 * 2 ** 28;

/**
 * Makes a full heap an error: tfjs does not look whether there was room, and its instance aborts for good.
 *
 * @param backend The backend.
 */
export function guardHeap({ wasm }: WasmBackend): void {
  const { _malloc, _free } = wasm;
  // tf.memory() counts the numbers that tensors share once for each of them; it is right for what was there before.
  let { numBytes } = tf.memory();
  const sizes = new Map<number, number>();
  wasm._free = (address) => {
    numBytes -= sizes.get(address) ?? 0;
    sizes.delete(address);
    _free(address);
  };
  wasm._malloc = (bytes) => {
    const address = numBytes + bytes > room ? 0 : _malloc(bytes) >>> 0;
    if (bytes > 0 && (address === 0 || address + bytes > wasm.HEAPU8.byteLength)) {
      throw new TransferError(
        'OUT_OF_MEMORY',
        `WebAssembly's memory has no room for ${bytes} bytes more; ${numBytes} bytes are in tensors. ` +
          'Use smaller batches, smaller pictures or fewer trained layers, or dispose of models that are not needed.',
      );
    }
    numBytes += bytes;
    sizes.set(address, bytes);
    return address;
  };
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
