import type { BatchSettings } from '../core/batch-settings.ts';
import type { Dataset, Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Base } from '../core/handle.ts';
import type { ClassRelation } from '../core/penalties.ts';
import { above0, assertRange } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { download } from '../model/device.ts';
import { breather } from '../train/breathe.ts';
import { type Answers, directRelation, reverseRelation } from './class-relation.ts';
import { featuresOf } from './features-of.ts';
import type { Matrix } from './matrix.ts';
import { oldHead, sourceProbabilities } from './source-probabilities.ts';

/** Settings of {@link relateClasses}. */
export interface RelationSettings extends BatchSettings {
  /** What the old head's logits are divided by, to make its probabilities honest: fitted on the old task, as in the paper. Default: 1. */
  readonly temperature?: number;
}

/**
 * Learns which old classes of a base belong to each new one, from what its old head says of the training data, for
 * `coTuning` (You et al., 2020, section 3.3). With a validation split by the paper's reverse approach: a softmax regression from
 * old probabilities to new classes, its penalty chosen by accuracy and its logits scaled by likelihood on that split, turned
 * around by Bayes' rule with the mean of the old probabilities. Without one by its direct approach: the mean of the old
 * probabilities of each class.
 *
 * @param base The base, with the classifier that was cut off it.
 * @param data The splits; a class without training examples gets the old classes of all.
 * @param settings Temperature, batch size and signal.
 * @returns The relation and the old head, as plain numbers. Costs one forward pass an example, and nine regressions in reverse.
 * @throws TransferError `INVALID_MODEL` where the base has no old classifier that is a softmax over one dense layer;
 * `INVALID_ARGUMENT` for a temperature that is not above 0; what {@link featuresOf} throws.
 *
 * @example
 * ```ts no-run
 * import { coTuning, fineTune, linearProbe, loadBase, attachHead, pipe, sequence, train, unfreezeTop } from 'tfjs-transfer';
 * import { relateClasses } from 'tfjs-transfer/analyse';
 * import { classifier } from 'tfjs-transfer/heads';
 * import { imageFolder } from 'tfjs-transfer/node';
 * import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
 *
 * const data = await imageFolder('flowers/', { validation: 0.25 });
 * const base = await loadBase(efficientNetLite0());
 * const penalties = [coTuning(await relateClasses(base, data))];
 * const model = pipe(base, attachHead(classifier(data.labels)));
 * await fineTune(model, data, sequence(linearProbe(), unfreezeTop(3), train({ epochs: 5, penalties })));
 * ```
 */
export async function relateClasses(
  base: Base,
  data: Dataset,
  settings: RelationSettings = {},
): Promise<ClassRelation> {
  assertSettings('relateClasses', settings, { temperature: 1, batchSize: 32, signal: undefined });
  const { temperature = 1, ...reading } = settings;
  assertRange('relateClasses', above0, { temperature });
  const head = base?.kind === 'base' ? oldHead(base) : undefined;
  if (!head) {
    throw new TransferError(
      'INVALID_MODEL',
      `relateClasses: ${base?.kind === 'base' ? `the base "${base.origin.name}" has no old classifier` : 'this is no base'}. Pass a base that loadBase or asBase cut a softmax over one dense layer off, with pooling by the mean.`,
    );
  }
  const answersTo = async (examples: Examples): Promise<Answers> => {
    const features = await featuresOf(base, examples, reading);
    return { said: (await sourceProbabilities(base, features, temperature)) as Matrix, labels: features.labels };
  };
  const train = await answersTo(data?.train);
  const classes = data.labels?.length ?? train.labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const relation = data.validation
    ? await reverseRelation(train, await answersTo(data.validation), classes, breather(settings.signal))
    : directRelation(train, classes);
  return {
    relation: relation.map((row) => [...row]),
    kernel: [...(await download(head.kernel))],
    bias: head.bias ? [...(await download(head.bias))] : new Array(head.classes).fill(0),
  };
}
