import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';
import type { WasmBackend } from './heap.ts';

/** The shape of pictures (`[batch, height, width, channels]`), or of a filter of two dimensions. */
export type Shape4 = [number, number, number, number];

/** The shape of volumes (`[batch, depth, height, width, channels]`), or of a filter of three dimensions. */
export type Shape5 = [number, number, number, number, number];

/** What tfjs calls a kernel with. */
export interface KernelCall<Input extends string, Attributes> {
  readonly inputs: Readonly<Record<Input, tf.Tensor>>;
  readonly attrs: Attributes;
  readonly backend: WasmBackend;
}

/** A kernel by name, as {@link registerTrainingKernels} takes it. */
export interface TrainingKernel {
  readonly kernelName: string;
  readonly kernelFunc: tf.KernelFunc;
}

/**
 * Makes a kernel out of a function that composes operations of tfjs.
 *
 * What the function makes, the result aside, is disposed. Nothing of it is recorded for another gradient: the engine
 * keeps no tape inside a kernel.
 *
 * @param kernelName The name that tfjs knows the kernel by.
 * @param compute The function.
 */
export function trainingKernel<Input extends string, Attributes>(
  kernelName: string,
  compute: (call: KernelCall<Input, Attributes>) => tf.Tensor,
): TrainingKernel {
  const kernelFunc = (call: KernelCall<Input, Attributes>) => {
    // Inputs of another backend come to the heap before views are taken: those die where it grows for one.
    for (const { dataId } of Object.values<tf.Tensor>(call.inputs)) call.backend.dataIdMap.get(dataId);
    return tf.tidy(() => compute(call));
  };
  return { kernelName, kernelFunc: kernelFunc as unknown as tf.KernelFunc };
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
