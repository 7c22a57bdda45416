/**
 * Heads: what a transferred network answers.
 *
 * @module tfjs-transfer/heads
 */
export type { Head, HeadLayer, Task } from '../core/head.ts';
export { classifier } from './classifier.ts';
export type { HeadSettings } from './head-of.ts';
export { type MlpSettings, mlp } from './mlp.ts';
export { multiLabel } from './multi-label.ts';
export { regressor } from './regressor.ts';
export { tokenClassifier } from './token-classifier.ts';
