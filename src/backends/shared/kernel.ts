import * as tf from '@tensorflow/tfjs-core';
import type { Repaired } from '../../core/repaired.ts';

/** What tfjs calls a kernel with. */
export interface KernelCall<Input extends string, Attributes, Backend = unknown> {
  readonly inputs: Readonly<Record<Input, tf.Tensor>>;
  readonly attrs: Attributes;
  readonly backend: Backend;
}

/** A kernel by name, as {@link registerKernels} takes it. */
export interface Kernel {
  readonly kernelName: string;
  /**
   * Computes the result, out of operations of tfjs, or of what the kernel that was there before makes of other inputs;
   * undefined leaves the call to that one as it is.
   */
  readonly compute: (call: KernelCall<never, never, never>, before: Before<never>) => Result | undefined;
}

/** One tensor, or those of a kernel with several outputs. */
type Result = tf.Tensor | tf.Tensor[];

/** Runs the kernel that was there before, with the same attributes. */
export type Before<Input extends string> = (inputs: Readonly<Record<Input, tf.Tensor>>) => tf.Tensor;

/**
 * Makes a kernel.
 *
 * What its function makes, the result aside, is disposed. Nothing of it is recorded for another gradient: the engine
 * keeps no tape inside a kernel.
 *
 * @param kernelName The name that tfjs knows the kernel by.
 * @param compute The function.
 */
export function kernel<Input extends string, Attributes, Backend = unknown>(
  kernelName: string,
  compute: (call: KernelCall<Input, Attributes, Backend>, before: Before<Input>) => Result | undefined,
): Kernel {
  return { kernelName, compute: compute as unknown as Kernel['compute'] };
}

/**
 * Registers kernels that a backend lacks, has wrong or has slow. Call it after the backend's package was imported, which
 * registers tfjs' own. A second call does nothing.
 *
 * @param backendName The name of the backend.
 * @param kernels The kernels.
 */
export function registerKernels(backendName: string, kernels: readonly Kernel[]): void {
  for (const { kernelName, compute } of kernels) {
    const before = tf.getKernel(kernelName, backendName) as (tf.KernelConfig & Partial<Repaired>) | undefined;
    if (before?.repaired) continue;
    // tfjs warns on the console where a kernel is registered over another.
    if (before) tf.unregisterKernel(kernelName, backendName);
    const kernelFunc = (call: Parameters<tf.KernelFunc>[0]) => {
      const original = (inputs: tf.NamedTensorMap) =>
        tf.engine().makeTensorFromTensorInfo(before?.kernelFunc({ ...call, inputs }) as tf.TensorInfo);
      return tf.tidy(() => compute(call as never, original) as Result) ?? before?.kernelFunc(call);
    };
    const config: tf.KernelConfig & Repaired = {
      ...before,
      kernelName,
      backendName,
      kernelFunc,
      repaired: true,
    };
    tf.registerKernel(config);
  }
}
