import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../core/data.ts';
import type { FeatureWorkers } from '../core/feature-workers.ts';
import { mapRecord, type Optimizer, type OptimizerState, type Tensors } from '../core/optimizer.ts';
import type { Store } from '../core/store.ts';
import type { Findings, Folder } from '../model/fold.ts';
import type { Split } from '../model/split.ts';
import { tensorOf } from '../model/weights.ts';
import type { FeatureCache } from './feature-cache.ts';
import type { SavedFeatures } from './reuse-features.ts';
import type { StepPlan } from './step.ts';

/** What a run carries from step to step and from phase to phase. Its tensors are the run's. */
export interface RunState {
  /** Every weight that differs from the network's variables. */
  values: Tensors;
  /** What the base's weights were that penalties hold on to; the rest of them is not kept. */
  readonly start: Tensors;
  /** Whether a step was done: from there on there is something to hand over. */
  stepped: boolean;
  optimizer: Optimizer | undefined;
  optimizerState: OptimizerState;
  /** Features that later phases can start from, by split, views and cut. */
  readonly caches: Map<string, FeatureCache>;
  /** Where features are kept for the next run, once a phase has asked for it. */
  saved?: SavedFeatures;
  /** Runs the frozen layers. What it folded is a phase's: the next one may have trained what it read. */
  readonly folder: Folder;
  readonly findings: Findings;
}

/** What does not change over a run. */
export interface RunContext {
  readonly data: Dataset;
  readonly seed: number;
  /** The network at the lowest frontier of all phases: below it nothing changes during the run. */
  readonly foundation: Split;
  /** How many bytes of features may be kept in memory. */
  readonly cacheBytes: number;
  /** Where features are kept for the next run. */
  readonly featureStore: Store | undefined;
  readonly signal?: AbortSignal;
  readonly workers?: FeatureWorkers;
}

/** Clones tensors; clones share their data. */
export function cloneTensors(tensors: Tensors): Tensors {
  return mapRecord(tensors, (tensor) => tf.clone(tensor));
}

/**
 * Gets a run ready for a phase: copies the base's weights that the phase trains and makes the optimizer's state of new
 * ones. Where the optimizer is the one of the phase before, what it remembers of a weight stays.
 *
 * @param state The run.
 * @param plan The phase.
 */
export function beginPhase(state: RunState, { network, trained, optimizer }: StepPlan): void {
  state.folder.dispose();
  const parameters = Object.fromEntries(
    trained.keys.map((key) => [key, tensorOf(network.variables, state.values, key)]),
  );
  const same = state.optimizer && JSON.stringify(state.optimizer) === JSON.stringify(optimizer);
  if (!same) {
    tf.dispose(state.optimizerState as never);
    state.optimizerState = {};
  }
  const fresh = Object.entries(parameters).filter(([key]) => !(key in state.optimizerState));
  const added = tf.tidy(() => optimizer.init(Object.fromEntries(fresh)) as never) as OptimizerState;
  state.optimizer = optimizer;
  state.optimizerState = { ...state.optimizerState, ...added };
}

/**
 * Takes over the result of a whole step and disposes what it replaces.
 *
 * @param state The run.
 * @param values The new weights.
 * @param optimizerState The new state, of all weights.
 */
export function commitStep(state: RunState, values: Tensors, optimizerState: OptimizerState): void {
  const kept = new Set(Object.values(optimizerState).flatMap((fields) => Object.values(fields)));
  for (const field of Object.values(state.optimizerState).flatMap((fields) => Object.values(fields))) {
    if (typeof field !== 'number' && !kept.has(field)) field.dispose();
  }
  for (const key of Object.keys(values)) state.values[key]?.dispose();
  state.values = { ...state.values, ...values };
  state.optimizerState = optimizerState;
  state.stepped = true;
}
