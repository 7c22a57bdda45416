import type { LayerPath, TransferModel, WeightKey } from './handle.ts';

/** Loss and metrics on a split. */
export interface Scores {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** One epoch of a phase. Epoch 0 is the evaluation before the first step; its loss is that of validation. */
export interface EpochRecord {
  readonly epoch: number;
  /** The mean training loss of the epoch's examples, each by the weights of its step. */
  readonly loss: number;
  /** The phase's rate at the end of the epoch, before the factors of layers. */
  readonly learningRate: number;
  readonly validation?: Scores;
}

/** One phase of a run. */
export interface PhaseRecord {
  readonly epochs: readonly EpochRecord[];
  /** The epoch whose weights the phase ended with. */
  readonly kept: number;
}

/** What a run did. */
export interface History {
  readonly phases: readonly PhaseRecord[];
  /**
   * The SHA-256 of every weight and moving statistic that no phase trained, taken after the run and found equal to that
   * before it. Empty where the platform has no WebCrypto (a page without https).
   */
  readonly frozen: Readonly<Record<WeightKey, string>>;
}

/** How a run ended. */
export type Ended = 'completed' | 'aborted';

/** What {@link fineTune} resolves with. */
export interface FineTuned {
  /** The tuned model, owned by the caller. */
  readonly model: TransferModel;
  readonly history: History;
  readonly ended: Ended;
}

/**
 * Frozen layers run as they are: to fold their BatchNormalization into the layers before it, as is done for speed, would
 * have changed their output by more than the threshold.
 */
export interface FoldingRefused {
  readonly kind: 'foldingRefused';
  /** The layer whose output would change. */
  readonly layer: LayerPath;
  /** The largest difference in it, relative to its largest number. */
  readonly difference: number;
  /** What that may be. */
  readonly threshold: number;
}

/**
 * What a run reports while it works.
 *
 * Phases count from 0 (messages for people say `phase + 1`); epochs and steps count from 1, where epoch 0 is the evaluation
 * before the first step. Sizes are bytes.
 */
export type TrainEvent =
  /** A phase begins: which one, how many the strategy has, and how many epochs this one may take. */
  | {
      readonly kind: 'phase';
      readonly phase: number;
      readonly phases: number;
      readonly epochs: number;
    }
  /** Features below the frontier are computed, once for each view of an example: `done` of `total` views. */
  | {
      readonly kind: 'features';
      readonly split: 'train' | 'validation';
      /** The layers whose outputs they are: a phase may keep features of two frontiers. */
      readonly frontier: readonly LayerPath[];
      readonly done: number;
      readonly total: number;
    }
  /**
   * The features do not fit into `cacheBytes`. `spilled`: they lie in a temporary file until the run ends. `recomputed`: no
   * file can be written, or the disk is full, and the frozen part runs again in every epoch.
   */
  | {
      readonly kind: 'cacheExceeded';
      readonly split: 'train' | 'validation';
      /** The layers whose outputs they are. */
      readonly frontier: readonly LayerPath[];
      readonly bytes: number;
      readonly budget: number;
      readonly action: 'spilled' | 'recomputed';
      readonly reason: string;
    }
  /**
   * What became of features in the `featureStore`: `found` there and not computed, `saved` for the next run, `damaged` and
   * computed again, or `notSaved`, with the reason.
   */
  | {
      readonly kind: 'savedFeatures';
      readonly split: 'train' | 'validation';
      readonly action: 'found' | 'saved' | 'damaged' | 'notSaved';
      /** The hash of all that the features depend on; undefined where the data has no fingerprint. */
      readonly key?: string;
      readonly bytes: number;
      readonly reason?: string;
    }
  | FoldingRefused
  /** A worker is gone, or failed at its batch: the `left` others, or this thread where none is left, do its work again. */
  | { readonly kind: 'workerDied'; readonly reason: string; readonly left: number }
  | {
      readonly kind: 'step';
      readonly phase: number;
      readonly epoch: number;
      /** The step within its epoch, from 1. */
      readonly step: number;
      /** How many steps an epoch has. */
      readonly steps: number;
      /** The mean loss of the batch before the step, penalties included. */
      readonly loss: number;
      /** The Euclidean norm of all gradients together, before any clipping. */
      readonly gradientNorm: number;
      /** The rate of this step, as the schedule has it, before the factors of layers. */
      readonly learningRate: number;
    }
  /** An epoch of the `epochs` that the phase may take is done. */
  | ({ readonly kind: 'epoch'; readonly phase: number; readonly epochs: number } & EpochRecord)
  | ({ readonly kind: 'done' } & FineTuned);
