import type { Tensor } from '@tensorflow/tfjs-core';
import type { InputSpecification } from './handle.ts';
import type { Target } from './outcome.ts';

/** What a model asks of the examples that it reads. */
export interface ReadRequest {
  /** What the inputs of the model are: pictures are resized to fit, tensors must have the shape. */
  readonly inputs: readonly InputSpecification[];
  /** The number of the augmented view; undefined for the plain example. */
  readonly view?: number;
  readonly signal?: AbortSignal;
}

/** Labelled examples that can be read in any order, as often as needed. */
export interface Examples {
  readonly kind: 'examples';
  readonly size: number;
  /** The target of each example, in memory. */
  readonly targets: readonly Target[];
  /** Whether `read` gives different views of an example (augmentation). */
  readonly augmented: boolean;
  /** How many tokens each example has, where the model reads any number: what is cached is counted by it. */
  readonly length?: number;
  /** What an example is called in messages: its file, or its position. */
  describe(index: number): string;
  /**
   * Reads a batch.
   *
   * @returns A tensor for each input of the model, `[indices.length, ...shape]`, unscaled; the caller disposes them. On a
   * backend in JavaScript their numbers may be the examples' own: nobody writes into them, or moves their memory away.
   */
  read(indices: readonly number[], request: ReadRequest): Promise<readonly Tensor[]>;
  /**
   * What identifies all that `read` can give: equal for equal data, another for other data. Features of examples without
   * one, or with undefined, are not kept from one run to the next (`featureStore`). It must be cheaper than reading: the
   * names, sizes and dates of files.
   */
  fingerprint?(): Promise<string | undefined>;
}

/** Examples in splits. */
export interface Dataset {
  readonly train: Examples;
  /** Watched while training: best weights, early stopping. */
  readonly validation?: Examples;
  readonly test?: Examples;
  /** The classes by index, where the data knows them; a classifier must have the same, in the same order. */
  readonly labels?: readonly string[];
}
