import * as tf from '@tensorflow/tfjs-core';
import type { BatchSettings } from '../core/batch-settings.ts';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Base } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { classifier } from '../heads/classifier.ts';
import { attachHead } from '../model/attach-head.ts';
import { lostOr } from '../model/device.ts';
import { dispose } from '../model/dispose.ts';
import { type Folder, folderOf, noFindings } from '../model/fold.ts';
import { networkBehind } from '../model/network.ts';
import { split } from '../model/split.ts';
import { breather } from '../train/breathe.ts';
import { type FeatureColumn, inMemory } from '../train/feature-cache.ts';
import { cacheFeatures } from '../train/features.ts';

/** What a head reads of examples. */
export interface BaseFeatures {
  /** All features, example by example. */
  readonly values: Float32Array;
  /** `[examples, features]`. */
  readonly shape: readonly [number, number];
  /** The class of each example. */
  readonly labels: readonly number[];
}

/**
 * Computes what a head on the base reads of each example, once: the base's output, pooled by its mean where it is a
 * picture or a sequence. Whatever of the base is open to training, it runs as if frozen.
 *
 * @param base The base.
 * @param examples The examples, with a class each.
 * @param settings Batch size and signal.
 * @returns Features and labels: plain numbers, no tensors.
 * @throws TransferError `INVALID_DATA` where there are no examples, a target is no class or a number is not finite;
 * `NOT_FINITE` where the base makes such numbers; `INVALID_ORDER` where a model is passed; `DISPOSED`.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { featuresOf } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 *
 * const examples = await fromTensors(tf.zeros([3, 16, 16, 3]), [0, 1, 1]);
 * const { shape, labels } = await featuresOf(tinyCnn({ size: 16 }), examples);
 * console.log(shape, labels); // [ 3, 128 ] [ 0, 1, 1 ]
 * ```
 */
export async function featuresOf(base: Base, examples: Examples, settings: BatchSettings = {}): Promise<BaseFeatures> {
  assertSettings('featuresOf', settings, { batchSize: 32, signal: undefined });
  const { batchSize = 32, signal } = settings;
  assertRange('featuresOf', wholeFrom1, { batchSize });
  const labels = labelsOf(examples);
  // What any head reads is what this one does.
  const model = attachHead(classifier(['yes', 'no']))(base);
  let folder: Folder | undefined;
  try {
    const network = networkBehind(model);
    const dense = model.layers.filter(({ part, weights }) => part === 'head' && weights.length > 0);
    const divided = split(network.graph, new Set(dense.map(({ path }) => path)));
    const { values } = model.lease;
    folder = folderOf(network, noFindings());
    const source = {
      network,
      folder,
      values,
      split: divided,
      // Plain, whatever views there are.
      examples: { ...examples, augmented: false },
      inputs: model.inputs,
      ...(signal && { signal }),
    };
    const breathe = breather(signal);
    const filling = cacheFeatures(source, 1, batchSize, inMemory);
    let next = await filling.next();
    for (; !next.done; next = await filling.next()) await breathe();
    const [{ rows, shape }] = next.value.columns as readonly [FeatureColumn];
    return { values: rows.memory as Float32Array, shape: [examples.size, tf.util.sizeFromShape([...shape])], labels };
  } catch (error) {
    throw await lostOr(error);
  } finally {
    folder?.dispose();
    dispose(model);
  }
}

function labelsOf(examples: Examples): readonly number[] {
  if (kindOf(examples) !== 'examples' || examples.size === 0) {
    throw new TransferError(
      'INVALID_DATA',
      'featuresOf received no examples. Pass one split of the data, such as data.train, with at least one example.',
    );
  }
  const bad = examples.targets.findIndex((target) => !(Number.isInteger(target) && (target as number) >= 0));
  if (bad < 0 && examples.targets.length === examples.size) return examples.targets as readonly number[];
  throw new TransferError(
    'INVALID_DATA',
    `featuresOf: the target of ${examples.describe(bad < 0 ? examples.targets.length : bad)} is ${JSON.stringify(examples.targets[bad])}. Give each example one class, a whole number from 0.`,
  );
}
