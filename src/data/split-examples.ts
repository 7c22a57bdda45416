import type { Dataset, Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import { assertSettings, type Known } from '../core/settings.ts';
import { augmentExamples } from './augment-examples.ts';
import type { Augmentation } from './augmentation.ts';
import { stratify } from './stratify.ts';
import { subset } from './subset.ts';

/** Settings of {@link splitExamples}. */
export interface SplitSettings<Validation extends number = number, Test extends number = number> {
  /** The share that is watched while training, from 0 to below 1. Default: 0.2. */
  readonly validation?: Validation;
  /** The share that is kept for a last test, from 0 to below 1. Default: 0. */
  readonly test?: Test;
  /** The seed of the division and of augmentation; 0, the default, is one like any other. */
  readonly seed?: number;
  /** How training examples are changed at random; validation and test never are. Default: not at all. */
  readonly augment?: Augmentation | readonly Augmentation[];
}

/** The settings of what divides examples. */
export const knownInSplit: Known<SplitSettings> = { validation: 0.2, test: 0.1, seed: 7, augment: undefined };

/** The splits that shares give: where a share is written out, its split is known to be there, or not to be. */
export type Splits<Validation extends number, Test extends number> = Pick<Dataset, 'train'> &
  Held<'validation', Validation> &
  Held<'test', Test>;

/** A split of a share: there where the share is above 0, unknown where the share is not a literal. */
export type Held<Name extends string, Share extends number> = number extends Share
  ? { readonly [_ in Name]?: Examples }
  : Share extends 0
    ? { readonly [_ in Name]?: never }
    : { readonly [_ in Name]: Examples };

/**
 * Divides examples into training, validation and test at random, with every class in its share in each (give or take
 * one example) and in training always.
 *
 * @param examples The examples; nothing is copied.
 * @param settings The shares, the seed, and augmentations of the training examples.
 * @returns The splits; one with the share 0 is left out. The same examples and seed give the same splits.
 * @throws TransferError `INVALID_ARGUMENT` for shares; `INVALID_DATA` where there are too few examples to divide.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { fromTensors, splitExamples } from 'tfjs-transfer/data';
 *
 * const examples = await fromTensors(tf.zeros([10, 8]), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
 * const { train, validation } = splitExamples(examples, { validation: 0.2, seed: 7 });
 * console.log(train.size, validation.targets); // 8 [ 0, 1 ]
 * ```
 */
export function splitExamples<const Validation extends number = 0.2, const Test extends number = 0>(
  examples: Examples,
  settings: SplitSettings<Validation, Test> = {},
): Splits<Validation, Test> {
  assertSettings('splitExamples', settings, knownInSplit);
  return splitByShares(examples, settings);
}

/** Splits examples by settings that the caller has checked. */
export function splitByShares<Validation extends number, Test extends number>(
  examples: Examples,
  settings: SplitSettings<Validation, Test>,
): Splits<Validation, Test> {
  const { validation = 0.2, test = 0, seed = 0, augment }: SplitSettings = settings;
  assertShares(validation, test);
  const indices = stratify(examples.targets, { validation, test }, seed);
  for (const [name, share] of Object.entries({ validation, test })) {
    if (share === 0 || indices[name as 'validation' | 'test'].length > 0) continue;
    throw new TransferError(
      'INVALID_DATA',
      `splitExamples: ${examples.size} examples leave none for ${name} (${share}), with one of each class to train on. ` +
        `Pass more examples, or { ${name}: 0 }.`,
    );
  }
  const train = subset(examples, indices.train);
  const splits: Dataset = {
    train: augment ? augmentExamples(train, augment, { seed }) : train,
    ...(validation > 0 && { validation: subset(examples, indices.validation) }),
    ...(test > 0 && { test: subset(examples, indices.test) }),
  };
  return splits as Splits<Validation, Test>;
}

/** Refuses shares of which nothing is left to train on. */
export function assertShares(validation: number, test: number): void {
  if (validation >= 0 && test >= 0 && validation + test < 1) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `The shares are validation ${validation} and test ${test}. Pass numbers from 0 whose sum is below 1, such as 0.2 and 0.1.`,
  );
}
