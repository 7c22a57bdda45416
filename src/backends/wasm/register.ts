import * as tf from '@tensorflow/tfjs-core';
import { conv2dBackpropFilter, conv2dBackpropInput } from './conv-gradients.ts';
import { conv3dBackpropFilter, conv3dBackpropInput } from './conv3d-gradients.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts';
import { maxPool3d, maxPool3dGradient, maxPoolGradient } from './pool-gradients.ts';
import { resizeNearestNeighborGradient } from './resize-gradients.ts';
import { unsortedSegmentSum } from './segment-sum.ts';

const backendName = 'wasm';

/**
 * Registers the gradient kernels that tfjs' WASM backend lacks (trap T11), and replaces those that it has wrong (T25) or
 * slow. Call it after the backend's package was imported, which registers tfjs' own. A second call does nothing.
 */
export function registerTrainingKernels(): void {
  const kernels = [
    conv2dBackpropFilter,
    conv2dBackpropInput,
    conv3dBackpropFilter,
    conv3dBackpropInput,
    depthwiseBackpropFilter,
    depthwiseBackpropInput,
    maxPool3d,
    maxPool3dGradient,
    maxPoolGradient,
    resizeNearestNeighborGradient,
    unsortedSegmentSum,
  ];
  for (const { kernelName, kernelFunc } of kernels) {
    const registered = tf.getKernel(kernelName, backendName);
    if (registered?.kernelFunc === kernelFunc) continue;
    // tfjs warns on the console where a kernel is registered over another.
    if (registered) tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}
