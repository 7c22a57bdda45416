import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';

/** A tensor as data that can be sent to another thread. */
export interface SentTensor {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A tensor with the mask that belongs to it, as data. */
export interface SentValue {
  readonly tensor: SentTensor;
  readonly mask: SentTensor | null;
}

/** What workers compute: a part of a network as data, from its inputs to its outputs. */
export interface FeaturePart {
  /** The backend of the run. Workers compute on the same, or the bits would be others. */
  readonly backend: string;
  /** The part as the JSON of a layers-model. */
  readonly topology: object;
  readonly weightSpecs: readonly { readonly name: string; readonly shape: number[]; readonly dtype: 'float32' }[];
  /** The weights, in memory that threads share where the platform has it. */
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
}

/** A worker that has taken a part. */
export interface FeatureWorker {
  /**
   * Computes a batch.
   *
   * @param given A value for each input of the part.
   * @returns A value for each output. It rejects with the reason where the worker ends before it answers.
   */
  compute(given: readonly SentValue[]): Promise<readonly SentValue[]>;
  /** Ends the worker. */
  end(): void;
}

/** A part in the hands of workers. */
export interface FeatureJob {
  readonly workers: readonly FeatureWorker[];
  /** Lets the workers free the part. */
  end(): void;
}

/** Workers that compute features: what `featureWorkers` of `tfjs-transfer/node` and `tfjs-transfer/web` returns. */
export interface FeatureWorkers {
  readonly kind: 'feature-workers';
  /** How many there are. */
  readonly count: number;
  /**
   * Gives a part to every worker; those that do not run yet are started.
   *
   * @param part The part.
   * @returns The job.
   * @throws TransferError Where a worker cannot start, or cannot build the part.
   * @internal
   */
  begin(part: FeaturePart): Promise<FeatureJob>;
  /** Ends the workers. A later run starts new ones. */
  close(): Promise<void>;
}

/**
 * Refuses what is no workers.
 *
 * @param workers What was passed as the setting `workers`.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertFeatureWorkers(workers: FeatureWorkers | undefined): void {
  if (workers === undefined || kindOf(workers) === 'feature-workers') return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `The run received workers: ${typeof workers === 'object' ? JSON.stringify(workers) : String(workers)}. ` +
      'Pass featureWorkers(2), with featureWorkers from tfjs-transfer/node or tfjs-transfer/web.',
  );
}
