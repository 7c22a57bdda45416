/**
 * Updates of low rank, apart from their base: merged into it, and in files of their own.
 *
 * @module tfjs-transfer/adapters
 */
export { loadAdapter } from './load-adapter.ts';
export { loadDelta } from './load-delta.ts';
export { type Merged, merge, unmerge } from './merge.ts';
export { saveAdapter } from './save-adapter.ts';
export { saveDelta } from './save-delta.ts';
