import * as tf from '@tensorflow/tfjs-core';
import type { BatchSettings } from '../core/batch-settings.ts';
import type { Examples } from '../core/data.ts';
import { keysOf, pathsOf } from '../core/edit.ts';
import { unfreeze } from '../core/edits.ts';
import type { LayerPath, TransferModel, WeightKey } from '../core/handle.ts';
import { mapRecord, type Optimizer, type Tensors } from '../core/optimizer.ts';
import { pipe } from '../core/pipe.ts';
import { batchNorm } from '../core/rate-edits.ts';
import { assertSettings } from '../core/settings.ts';
import { sequence, train } from '../core/strategy.ts';
import { download } from '../model/device.ts';
import { trainedBy } from '../model/trained.ts';
import { globalNorm } from '../train/global-norm.ts';
import { trialSteps } from '../train/trial-steps.ts';

/** How strongly data pulls at a block of the base. */
export interface BlockGradient {
  /** The block, where names show blocks; else the unit. */
  readonly block: string;
  /** What `surgical` and `unfreezeOnly` take to open it. */
  readonly layers: readonly [LayerPath, ...LayerPath[]];
  /** The norm of the loss's gradient with respect to the block's weights, the mean over batches. */
  readonly gradientNorm: number;
  /** The norm of the block's weights. */
  readonly weightNorm: number;
  /** The first divided by the second; 0 where all weights are 0. */
  readonly ratio: number;
}

/**
 * Measures which block of the base the data would change most: the norm of the gradient relative to that of the weights
 * (Lee et al., 2023, section 5, Auto-RGN, which makes rates of it). Every block counts, whatever is frozen; BatchNormalization
 * is in inference mode. Nothing of the model changes.
 *
 * @param model The model, its head trained: gradients through a random one say little. `linearProbe()` trains it.
 * @param examples The examples, such as `data.train`.
 * @param settings Batch size and signal.
 * @returns The blocks, that of the largest ratio first. Costs a step of training of the whole base for each batch.
 * @throws TransferError what `fineTune` throws before a run; an abort throws the signal's reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attachHead, fineTune, linearProbe, pipe, surgical } from 'tfjs-transfer';
 * import { gradientNorms } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const data = { train: await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]) };
 * const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['dark', 'light'])));
 * const { model: probed } = await fineTune(model, data, linearProbe({ epochs: 2 }));
 * const [first] = await gradientNorms(probed, data.train);
 * console.log(first?.block, first?.ratio);
 * if (first) console.log(JSON.stringify(surgical(first.layers)));
 * ```
 */
export async function gradientNorms(
  model: TransferModel,
  examples: Examples,
  settings: BatchSettings = {},
): Promise<readonly BlockGradient[]> {
  assertSettings('gradientNorms', settings, { batchSize: 32, signal: undefined });
  const { batchSize = 32, signal } = settings;
  const blocks = blocksOf(model);
  const steps: tf.Tensor[] = [];
  const rows: ArrayLike<number>[] = [];
  const measuring: Optimizer = {
    kind: 'optimizer',
    name: 'measuring',
    init: (parameters) => mapRecord(parameters, () => ({})),
    update(gradients, state, parameters) {
      const norms = [gradients, parameters].flatMap((tensors) =>
        blocks.map(({ keys }) => globalNorm(some(tensors, keys))),
      );
      // Beyond the step's tidy, until it is read.
      steps.push(tf.keep(tf.stack(norms)));
      return { updates: mapRecord(parameters, (weight) => tf.zerosLike(weight)), state };
    },
  };
  // As they are, whatever views there are.
  const plain = { ...examples, augmented: false };
  const strategy = sequence(...opening, train({ epochs: 1, batchSize, optimizer: measuring }));
  try {
    for await (const _step of trialSteps(model, { train: plain }, strategy, signal ? { signal } : {})) {
      const [norms] = steps.splice(0) as [tf.Tensor];
      rows.push(await download(norms).finally(() => norms.dispose()));
    }
  } finally {
    tf.dispose(steps);
  }
  const meanOf = (column: number) => rows.reduce((sum, row) => sum + (row[column] as number), 0) / rows.length;
  return blocks
    .map(({ block, layers }, index): BlockGradient => {
      const [gradientNorm, weightNorm] = [meanOf(index), meanOf(blocks.length + index)];
      return { block, layers, gradientNorm, weightNorm, ratio: weightNorm > 0 ? gradientNorm / weightNorm : 0 };
    })
    .sort((a, b) => b.ratio - a.ratio);
}

const opening = [unfreeze(), batchNorm('frozen')] as const;

const some = (tensors: Tensors, keys: readonly WeightKey[]): Tensors =>
  Object.fromEntries(keys.map((key) => [key, tensors[key] as tf.Tensor]));

/** The blocks of the base in which a gradient moves something. */
function blocksOf(model: TransferModel) {
  const open = pipe(model, ...opening);
  const trained = new Set(trainedBy(open.layers, open.settings).keys);
  const groups = [...new Set(open.units.map(({ group }) => group))];
  return groups.flatMap((block) => {
    const units = open.units.filter(({ group }) => group === block);
    const keys = [...keysOf(open, pathsOf(units))].filter((key) => trained.has(key));
    return keys.length
      ? [{ block, keys, layers: units.map(({ name }) => name) as unknown as BlockGradient['layers'] }]
      : [];
  });
}
