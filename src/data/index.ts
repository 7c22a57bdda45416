/**
 * Labelled examples: from tensors, arrays and streams, divided into splits, with augmentation.
 *
 * @module tfjs-transfer/data
 */

export type { Random } from '../core/random.ts';
export type { NestedNumbers } from '../model/dense.ts';
export type { Pixels } from '../model/pixels.ts';
export { type AugmentSettings, augmentExamples } from './augment-examples.ts';
export type { Augmentation } from './augmentation.ts';
export { type CollectedExample, collect } from './collect.ts';
export { type ColourSettings, colour } from './colour.ts';
export { type CropSettings, crop } from './crop.ts';
export { flip } from './flip.ts';
export { fromArrays, type ShapedValues } from './from-arrays.ts';
export { fromTensors } from './from-tensors.ts';
export { type RotateSettings, rotate } from './rotate.ts';
export { type Held, type SplitSettings, type Splits, splitExamples } from './split-examples.ts';
