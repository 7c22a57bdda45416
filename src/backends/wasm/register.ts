import * as tf from '@tensorflow/tfjs-core';
import { conv2dBackpropFilter, conv2dBackpropInput } from './conv-gradients.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts';
import type { Kernel } from './kernel.ts';
import { conv3dBackpropInput, maxPoolGradient, resizeNearestNeighborGradient, unsortedSegmentSum } from './other-gradients.ts';

const backendName = 'wasm';

/**
 * Registers the gradient kernels that tfjs' WASM backend lacks (trap T11) and replaces those that it has wrong (T25).
 * A second call does nothing.
 */
export function registerTrainingKernels(): void {
  if (tf.getKernel('Conv2DBackpropFilter', backendName)) return;
  const originalInput = tf.getKernel('Conv2DBackpropInput', backendName)?.kernelFunc as unknown as Kernel<'dy' | 'filter'>;
  const kernels: Readonly<Record<string, unknown>> = {
    Conv2DBackpropFilter: conv2dBackpropFilter,
    Conv2DBackpropInput: conv2dBackpropInput(originalInput),
    DepthwiseConv2dNativeBackpropFilter: depthwiseBackpropFilter,
    DepthwiseConv2dNativeBackpropInput: depthwiseBackpropInput,
    UnsortedSegmentSum: unsortedSegmentSum,
    MaxPoolGrad: maxPoolGradient,
    ResizeNearestNeighborGrad: resizeNearestNeighborGradient,
    Conv3DBackpropInputV2: conv3dBackpropInput,
  };
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const original = tf.getKernel(kernelName, backendName);
    if (original) tf.unregisterKernel(kernelName, backendName);
    // tfjs binds a kernel to the module in its set-up, which the input gradient still calls.
    const { setupFunc } = original ?? {};
    tf.registerKernel({ kernelName, backendName, kernelFunc: kernel as tf.KernelFunc, ...(setupFunc && { setupFunc }) });
  }
}
