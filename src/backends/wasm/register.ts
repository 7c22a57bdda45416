import * as tf from '@tensorflow/tfjs-core';
import { conv2dBackpropFilter, conv2dBackpropInput, type InputGradient } from './conv-gradients.ts';
import { conv3dBackpropInput } from './conv3d-gradients.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts';
import { maxPoolGradient } from './pool-gradients.ts';
import { resizeNearestNeighborGradient } from './resize-gradients.ts';
import { unsortedSegmentSum } from './segment-sum.ts';

const backendName = 'wasm';

/**
 * Registers the gradient kernels that tfjs' WASM backend lacks (trap T11) and replaces those that it has wrong (T25).
 * A second call does nothing.
 */
export function registerTrainingKernels(): void {
  const registered: unknown = tf.getKernel('MaxPoolGrad', backendName)?.kernelFunc;
  if (registered === maxPoolGradient) return;
  const inputGradient: unknown = tf.getKernel('Conv2DBackpropInput', backendName)?.kernelFunc;
  const kernels: Readonly<Record<string, unknown>> = {
    Conv2DBackpropFilter: conv2dBackpropFilter,
    Conv2DBackpropInput: conv2dBackpropInput(inputGradient as InputGradient),
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
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: kernel as tf.KernelFunc,
      ...(setupFunc && { setupFunc }),
    });
  }
}
