/**
 * What a base is worth for a task, before anything trains: scores of features, rankings of bases, heads that are learned
 * from features at once.
 *
 * @module tfjs-transfer/analyse
 */
export { attachLearned } from './attach-learned.ts';
export { channelWeights } from './channel-weights.ts';
export { curvesCsv, curvesSvg } from './curves.ts';
export {
  type DataEfficiency,
  type DataEfficiencyRow,
  type DataEfficiencySettings,
  dataEfficiency,
} from './data-efficiency.ts';
export { addClass, addExample, removeClass, removeExample, renameClass } from './edit-head.ts';
export { type BaseFeatures, featuresOf } from './features-of.ts';
export { type Forgetting, type ForgettingSettings, forgetting } from './forgetting.ts';
export { type BlockGradient, gradientNorms } from './gradient-norms.ts';
export { hScore } from './h-score.ts';
export {
  type InterpolationCurve,
  type InterpolationCurveSettings,
  type InterpolationPoint,
  interpolationCurve,
} from './interpolation-curve.ts';
export { learn } from './learn.ts';
export type { LearnedExample, LearnedHead, LearnedState, Learner } from './learned-head.ts';
export type { ReportEvent } from './learning-curve.ts';
export { leep } from './leep.ts';
export { logME } from './log-me.ts';
export { logisticRegression } from './logistic-regression.ts';
export { nce } from './nce.ts';
export { nearestMean } from './nearest-mean.ts';
export { nearestNeighbours } from './nearest-neighbours.ts';
export { predictScores } from './predict-scores.ts';
export { type Interval, type Ranking, type RankSettings, rankBases, type Worth } from './rank-bases.ts';
export type { Features, Labels } from './read-features.ts';
export { regularizedHScore } from './regularized-h-score.ts';
export { type RelationSettings, relateClasses } from './relate-classes.ts';
export { reportText } from './report-text.ts';
export { ridge } from './ridge.ts';
export type { SameFromScratch } from './same-from-scratch.ts';
export { strategyCode } from './strategy-code.ts';
export {
  type Sweep,
  type SweepEvent,
  type SweepRow,
  type SweepRun,
  type SweepSettings,
  type SweepState,
  sweep,
} from './sweep.ts';
export { type Curve, type Estimate, estimate, type TransferMeasures } from './transfer-measures.ts';
export { type TransferReport, type TransferReportSettings, transferReport } from './transfer-report.ts';
