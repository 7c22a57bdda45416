/**
 * Transfer learning on TensorFlow.js: a pretrained base, a frozen frontier, a new head.
 *
 * @module tfjs-transfer
 */
export * from './core/averages.ts';
export type { Backend } from './core/backend.ts';
export type { BaseSource } from './core/base-source.ts';
export type { BatchSettings } from './core/batch-settings.ts';
export {
  bestWeights,
  type Callback,
  type EarlyStoppingSettings,
  earlyStopping,
  lastWeights,
  type ReduceLROnPlateauSettings,
  reduceLROnPlateau,
  type Verdict,
} from './core/callbacks.ts';
export { classBalancedWeights } from './core/class-balanced-weights.ts';
export type { Dataset, Examples, ReadRequest } from './core/data.ts';
export type { Edit } from './core/edit.ts';
export * from './core/edits.ts';
export * from './core/errors.ts';
export type * from './core/events.ts';
export type { FeatureWorkers } from './core/feature-workers.ts';
export type * from './core/handle.ts';
export type { Head, HeadLayer, Task } from './core/head.ts';
export * from './core/loss.ts';
export * from './core/metrics.ts';
export * from './core/mix.ts';
export type { MonitorSettings } from './core/monitor.ts';
export type { Optimizer, OptimizerState, Tensors } from './core/optimizer.ts';
export { type ClassOutcome, confusionMatrix, type Outcome, perClass, type Target } from './core/outcome.ts';
export * from './core/penalties.ts';
export { pipe } from './core/pipe.ts';
export type { TransferProgress, TransferSettings } from './core/progress.ts';
export * from './core/rate-edits.ts';
export * from './core/recipes.ts';
export * from './core/schedules.ts';
export type * from './core/store.ts';
export { type Phase, type Step, type Strategy, sequence, type TrainSettings, train } from './core/strategy.ts';
export { version } from './core/version.ts';
export { asBase } from './model/as-base.ts';
export { attachHead } from './model/attach-head.ts';
export type { EncodedPicture } from './model/decode-picture.ts';
export { dispose } from './model/dispose.ts';
export { fromScratch } from './model/from-scratch.ts';
export { interpolate } from './model/interpolate.ts';
export { type LoadBaseSettings, loadBase } from './model/load-base.ts';
export { loadModel } from './model/load-model.ts';
export { type LoraSettings, lora } from './model/lora.ts';
export type { BaseSettings } from './model/make-base.ts';
export type { Picture } from './model/picture.ts';
export { saveModel } from './model/save-model.ts';
export { summary } from './model/summary.ts';
export { useBackend } from './model/use-backend.ts';
export { auto, type BackendChoice, type CandidateTime } from './train/auto.ts';
export { canTrain, type MissingKernel, type Trainability } from './train/can-train.ts';
export { chain, clipByGlobalNorm } from './train/chain.ts';
export { type EvaluateSettings, type Evaluation, evaluate } from './train/evaluate.ts';
export { explain, type PhaseExplanation } from './train/explain.ts';
export { type FindBatchSizeSettings, findBatchSize } from './train/find-batch-size.ts';
export { type FineTuneSettings, fineTune } from './train/fine-tune.ts';
export { type FineTuneOneCycleSettings, fineTuneOneCycle } from './train/fine-tune-one-cycle.ts';
export { fineTuneSteps, type RunSettings } from './train/fine-tune-steps.ts';
export { greedySoup, type Soup } from './train/greedy-soup.ts';
export { type LrFindSettings, type LrFound, lrFind } from './train/lr-find.ts';
export * from './train/optimizers.ts';
export { type Prediction, type PredictSettings, predict } from './train/predict.ts';
export type { EncodedText, PredictInput } from './train/predict-inputs.ts';
export type { PhaseSeconds, Speed } from './train/seconds.ts';
export { strategyFromJSON } from './train/strategy-from-json.ts';
