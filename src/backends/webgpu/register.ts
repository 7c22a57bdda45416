import { averagePoolGradients } from '../shared/average-pool-gradients.ts';
import { broadcastingMatMul } from '../shared/broadcasting-mat-mul.ts';
import { registerKernels } from '../shared/kernel.ts';
import { halfPixelGradients } from '../shared/resize-gradients.ts';
import { maxPool3dGradient } from './max-pool3d-gradient.ts';
import { reductionKernels } from './reduction-kernels.ts';
import { transpose } from './transpose.ts';

/** Replaces the kernels that tfjs' WebGPU backend has wrong. A second call does nothing. */
export function registerWebgpuKernels(): void {
  registerKernels('webgpu', [
    ...averagePoolGradients,
    broadcastingMatMul,
    maxPool3dGradient,
    ...halfPixelGradients,
    ...reductionKernels,
    transpose,
  ]);
}
