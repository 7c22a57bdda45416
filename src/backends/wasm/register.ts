import * as tf from '@tensorflow/tfjs-core';
import { averagePoolGradients } from '../shared/average-pool-gradients.ts';
import { einsum } from '../shared/einsum.ts';
import { registerKernels } from '../shared/kernel.ts';
import { relu6Gradient, reluGradient } from './activation.ts';
import { adamStep } from './adam.ts';
import { conv2d, conv2dGradients, fusedConv2d } from './conv2d.ts';
import { conv3dBackpropFilter, conv3dBackpropInput } from './conv3d-gradients.ts';
import { dense, gradientOfDense } from './dense.ts';
import { depthwiseConv2d, depthwiseGradients, fusedDepthwiseConv2d } from './depthwise.ts';
import { gather } from './gather.ts';
import { gelu, geluGradient, gradientOfGelu } from './gelu.ts';
import { gradientOfLayerNorm, layerNorm, layerNormGradient, layerNormScaleGradient } from './layer-norm.ts';
import { maxPool3d, maxPool3dGradient, maxPoolGradient } from './pool-gradients.ts';
import { batchMatMul, fusedMatMul } from './product.ts';
import { resizeBilinearGradient, resizeNearestNeighborGradient } from './resize-gradients.ts';
import { unsortedSegmentSum } from './segment-sum.ts';
import { cast, identity } from './sharing.ts';
import { squareSum } from './square-sum.ts';
import { transpose } from './swap-axes.ts';
import { widenedDepthwiseConv2d } from './widened.ts';
import { widenedBackprop, widenedKeeping } from './widened-training.ts';

/**
 * Registers the kernels for training that tfjs' WASM backend lacks (trap T11), and replaces those that it has wrong (T25)
 * or slow. Call it after the backend's package was imported. A second call does nothing.
 */
export function registerTrainingKernels(): void {
  registerKernels('wasm', [
    ...averagePoolGradients,
    adamStep,
    batchMatMul,
    cast,
    conv2d,
    ...conv2dGradients,
    conv3dBackpropFilter,
    conv3dBackpropInput,
    dense,
    ...depthwiseGradients,
    depthwiseConv2d,
    einsum,
    fusedConv2d,
    fusedDepthwiseConv2d,
    fusedMatMul,
    gather,
    gelu,
    geluGradient,
    identity,
    layerNorm,
    layerNormGradient,
    layerNormScaleGradient,
    maxPool3d,
    maxPool3dGradient,
    maxPoolGradient,
    relu6Gradient,
    reluGradient,
    resizeBilinearGradient,
    resizeNearestNeighborGradient,
    squareSum,
    transpose,
    unsortedSegmentSum,
    widenedBackprop,
    widenedDepthwiseConv2d,
    widenedKeeping,
  ]);
  for (const own of [gradientOfDense, gradientOfGelu, gradientOfLayerNorm]) tf.registerGradient(own);
}
