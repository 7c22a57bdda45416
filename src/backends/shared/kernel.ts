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
  /** Computes the result, out of operations of tfjs; undefined leaves the call to the kernel that was there before. */
  readonly compute: (call: KernelCall<never, never, never>) => tf.Tensor | undefined;
}

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
  compute: (call: KernelCall<Input, Attributes, Backend>) => tf.Tensor | undefined,
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
    const kernelFunc = (call: never) => tf.tidy(() => compute(call) as tf.Tensor) ?? before?.kernelFunc(call);
    const config: tf.KernelConfig & Repaired = {
      ...before,
      kernelName,
      backendName,
      kernelFunc: kernelFunc as unknown as tf.KernelFunc,
      repaired: true,
    };
    tf.registerKernel(config);
  }
}
