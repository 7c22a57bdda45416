import type * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';
import { type Kernel, type KernelCall, kernel } from '../shared/kernel.ts';
import type { WasmBackend } from './heap.ts';

/**
 * Makes a kernel out of a function that works on the heap.
 *
 * @param kernelName The name that tfjs knows the kernel by.
 * @param compute The function.
 */
export function trainingKernel<Input extends string, Attributes>(
  kernelName: string,
  compute: (call: KernelCall<Input, Attributes, WasmBackend>) => tf.Tensor | tf.Tensor[],
): Kernel {
  return kernel<Input, Attributes, WasmBackend>(kernelName, (call) => {
    // Inputs of another backend come to the heap before views are taken: those die where it grows for one.
    for (const { dataId } of Object.values<tf.Tensor>(call.inputs)) call.backend.dataIdMap.get(dataId);
    return compute(call);
  });
}

/**
 * Refuses pictures that come channels first: no convolution on WASM reads them.
 *
 * @param kernelName The name of the kernel.
 * @param dataFormat The layout that was asked for; none means NHWC.
 * @throws TransferError `UNSUPPORTED`.
 */
export function assertChannelsLast(kernelName: string, dataFormat: string | undefined): void {
  if (dataFormat === undefined || dataFormat === 'NHWC') return;
  throw new TransferError(
    'UNSUPPORTED',
    `${kernelName} on wasm received pictures in ${dataFormat}; it reads NHWC. Use dataFormat 'channelsLast'.`,
  );
}
