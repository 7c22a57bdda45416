// Kernels on the heap of tfjs' WASM backend. They allocate nothing and keep nothing: every address is the caller's.
export { boundsGradient } from './activation';
export { adam } from './adam';
export { convolve, filterGradient, filterTileOf, inputGradient, tileOf } from './convolution';
export { depthwise, depthwiseFilterGradient } from './depthwise';
export { depthwiseInputGradient, turned } from './depthwise-input';
export { gelu, geluGradient } from './gelu';
export { layerNorm, layerNormGradient, layerNormScaleGradient } from './layer-norm';
export { squareSum } from './norm';
export { pack } from './pack';
export { product, scratchOf } from './product';
export { swapAxes } from './transpose';
export { bandOf, widened } from './widened';
