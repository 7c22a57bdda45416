import { averagePoolGradients } from '../shared/average-pool-gradients.ts';
import { broadcastingMatMul } from '../shared/broadcasting-mat-mul.ts';
import { registerKernels } from '../shared/kernel.ts';
import { halfPixelGradients } from '../shared/resize-gradients.ts';

/** Replaces the kernels that tfjs' WebGL backend has wrong. A second call does nothing. */
export function registerWebglKernels(): void {
  registerKernels('webgl', [...averagePoolGradients, broadcastingMatMul, ...halfPixelGradients]);
}
