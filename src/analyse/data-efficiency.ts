import { assertStrategy } from '../core/assert-strategy.ts';
import type { Dataset } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import { accuracy, type Metric } from '../core/metrics.ts';
import { permutation, randomStream } from '../core/random.ts';
import { assertSettings } from '../core/settings.ts';
import type { Strategy } from '../core/strategy.ts';
import { subset } from '../data/subset.ts';
import { dispose } from '../model/dispose.ts';
import { fromScratch } from '../model/from-scratch.ts';
import { assertDataset } from '../train/targets.ts';
import { finiteValue } from './finite-value.ts';
import { assertComparable, curveOf, type ReportEvent, wholeOf } from './learning-curve.ts';
import { type SameFromScratch, sameFromScratch } from './same-from-scratch.ts';
import { forPart } from './scale-strategy.ts';
import { type Estimate, estimate } from './transfer-measures.ts';

/** Settings of {@link dataEfficiency}. */
export interface DataEfficiencySettings {
  /** How many examples are trained on. Default: an eighth, a quarter, a half and all of them, as far as each class has one. */
  readonly sizes?: readonly number[];
  /** One pair of runs of each size for each. Default: `[0, 1, 2]`. */
  readonly seeds?: readonly number[];
  /** What is measured, higher being better. Default: accuracy. */
  readonly metric?: Metric;
  /**
   * How the learner from scratch trains. Default, as in {@link transferReport}: `sequence(unfreeze(), batchNorm('train'),
   * train(...))` with the settings of the strategy's last phase, at a rate of 1e-3, for all of its epochs.
   */
  readonly scratch?: Strategy;
  readonly signal?: AbortSignal;
  /** Called after each run. */
  readonly onEvent?: (event: ReportEvent) => void;
}

/** What both learners make of so many examples. */
export interface DataEfficiencyRow {
  readonly examples: number;
  /** The metric on the validation split at the end, over seeds. */
  readonly transfer: Estimate;
  readonly scratch: Estimate;
  /** How many examples the learner from scratch needs for what the transferred one makes of these. */
  readonly same: SameFromScratch;
}

/** How many examples a transfer is worth. */
export interface DataEfficiency {
  readonly metric: string;
  readonly seeds: readonly number[];
  /** By rising number of examples. */
  readonly rows: readonly DataEfficiencyRow[];
}

/**
 * Says how many examples a transfer is worth: trains the model by a strategy, and the same network from random weights, on
 * growing parts of the data, and looks up how many examples the one from scratch needs to be as good.
 *
 * @param model The model: a pretrained base with a head.
 * @param data The data, with a validation split, which is the same for all sizes. A part of the training split has all
 * classes in the shares that they have there, and is contained in the larger ones; each seed draws its own.
 * @param strategy The strategy of the transfer.
 * @param settings Sizes, seeds, metric, and how the other learns. Both learners have as many epochs with each size.
 * @returns A row for each size. Costs two runs for each size and seed.
 * @throws TransferError `INVALID_DATA` without a validation split; `INVALID_ARGUMENT` for no sizes, one that is above the
 * number of examples or below that of classes, no seeds, or a metric that is better where it is lower; what `fineTune` throws. An
 * abort rejects with its reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, linearProbe, pipe } from 'tfjs-transfer';
 * import { dataEfficiency } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const train = await fromTensors(tf.randomUniform([8, 16, 16, 3], 0, 255), [0, 1, 0, 1, 0, 1, 0, 1]);
 * const data = { train, validation: train };
 * const { rows } = await dataEfficiency(model, data, linearProbe({ epochs: 2 }), { sizes: [4, 8], seeds: [1] });
 * for (const { examples, same } of rows) console.log(examples, same.reached, same.times);
 * ```
 */
export async function dataEfficiency(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: DataEfficiencySettings = {},
): Promise<DataEfficiency> {
  assertSettings('dataEfficiency', settings, {
    sizes: [],
    seeds: [],
    metric: {},
    scratch: [],
    signal: undefined,
    onEvent: Function,
  });
  const { seeds = [0, 1, 2], metric = accuracy(), signal, onEvent } = settings;
  assertStrategy(strategy);
  assertComparable('dataEfficiency', data, seeds, metric);
  assertDataset(model.head, data);
  const sizes = sizesOf(model, data, settings.sizes);
  const scratchStrategy = settings.scratch ?? wholeOf(strategy);
  const total = 2 * sizes.length * seeds.length;
  let done = 0;
  const rows: Omit<DataEfficiencyRow, 'same'>[] = [];
  for (const size of sizes) {
    const ends: { transfer: number[]; scratch: number[] } = { transfer: [], scratch: [] };
    for (const seed of seeds) {
      const indices = orderOf(model, data, seed).slice(0, size);
      const part = { ...data, train: subset(data.train, indices) };
      const endOf = async (learner: ReportEvent['learner'], one: TransferModel, by: Strategy) => {
        const curve = await curveOf(one, part, forPart(by, indices, data.train.size), { metric, seed, signal });
        onEvent?.({ kind: 'run', learner, seed, examples: size, done: ++done, total });
        return finiteValue('dataEfficiency', metric.name, curve.at(-1) as number);
      };
      ends.transfer.push(await endOf('transfer', model, strategy));
      const other = fromScratch(model, seed);
      try {
        ends.scratch.push(await endOf('scratch', other, scratchStrategy));
      } finally {
        dispose(other);
      }
    }
    rows.push({ examples: size, transfer: estimate(ends.transfer), scratch: estimate(ends.scratch) });
  }
  const scratch = rows.map(({ examples, scratch: { mean } }) => ({ examples, value: mean }));
  return {
    metric: metric.name,
    seeds,
    rows: rows.map((row) => ({ ...row, same: sameFromScratch(row.examples, row.transfer.mean, scratch) })),
  };
}

function sizesOf({ head }: TransferModel, { train }: Dataset, given?: readonly number[]): readonly number[] {
  const least = head.task === 'classification' ? new Set(train.targets).size : 1;
  const parts = [8, 4, 2, 1].map((part) => Math.floor(train.size / part)).filter((size) => size >= least);
  const sizes = [...new Set(given ?? parts)].sort((a, b) => a - b);
  if (sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size >= least && size <= train.size))
    return sizes;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `dataEfficiency received the sizes ${JSON.stringify(given)}. Pass whole numbers from ${least} (an example of each class) to ${train.size} (all of them).`,
  );
}

/** An order whose every beginning has the classes in their shares, each class once at least. */
function orderOf({ head }: TransferModel, { train }: Dataset, seed: number): readonly number[] {
  const drawn = permutation(train.size, randomStream(seed, 'amount'));
  if (head.task !== 'classification') return drawn;
  const counts = new Map<unknown, number>();
  const ranks = drawn.map((index) => {
    const rank = counts.get(train.targets[index]) ?? 0;
    counts.set(train.targets[index], rank + 1);
    return { index, rank };
  });
  const share = ({ index, rank }: (typeof ranks)[number]) => rank / (counts.get(train.targets[index]) as number);
  return ranks.sort((a, b) => share(a) - share(b)).map(({ index }) => index);
}
