/**
 * What a base is worth for a task, before anything trains: scores of features, rankings of bases.
 *
 * @module tfjs-transfer/analyse
 */
export { hScore } from './h-score.ts';
export { leep } from './leep.ts';
export { logME } from './log-me.ts';
export { nce } from './nce.ts';
export type { Features, Labels } from './read-features.ts';
export { regularizedHScore } from './regularized-h-score.ts';
