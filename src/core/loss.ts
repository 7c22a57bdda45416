import { assertRange, from0, from0Below1 } from './ranges.ts';
import { assertSettings } from './settings.ts';

/**
 * What training minimises, as data: the mean over the batch.
 *
 * `classWeights` multiplies an example's loss by the weight of its class, in the order of the head's labels.
 */
export type Loss =
  | {
      readonly kind: 'loss';
      readonly name: 'softmaxCrossEntropy' | 'binaryCrossEntropy';
      readonly labelSmoothing: number;
      readonly gamma?: number;
      readonly classWeights?: readonly number[];
    }
  | { readonly kind: 'loss'; readonly name: 'meanSquaredError' };

/** Settings of the cross-entropies. */
export interface CrossEntropySettings {
  /** The share of the target that is spread over all classes, from 0 (the default) to below 1. */
  readonly labelSmoothing?: number;
  /** How much less an example counts that is right already: a number from 0 (the default, not at all); the focal loss of the paper has 2. */
  readonly gamma?: number;
  /** A factor for each class, a number from 0, in the order of the head's labels. Default: 1 each. */
  readonly classWeights?: readonly number[];
}

function crossEntropy(name: 'softmaxCrossEntropy' | 'binaryCrossEntropy', settings: CrossEntropySettings): Loss {
  assertSettings(name, settings, { labelSmoothing: 0.1, gamma: 2, classWeights: [] });
  const { labelSmoothing = 0, gamma = 0, classWeights } = settings;
  assertRange(name, from0Below1, { labelSmoothing });
  assertRange(name, from0, { gamma });
  return { kind: 'loss', name, labelSmoothing, ...(gamma && { gamma }), ...(classWeights && { classWeights }) };
}

/**
 * The loss of a classifier whose classes exclude each other: softmax cross-entropy from logits.
 *
 * @param settings The smoothing (Szegedy et al., 2016, equation 4 of section 7), the weights of the classes
 * ({@link classBalancedWeights} makes some), and the focusing: `(1 - p)^gamma` times the loss of the class with the
 * probability p (Lin et al., 2017, equation 4). A weighted loss is the mean of `weight * loss` over the batch, as in
 * Keras' `class_weight`.
 * @returns The loss, for `train({ loss })`.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { softmaxCrossEntropy, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, loss: softmaxCrossEntropy({ labelSmoothing: 0.1 }) });
 * ```
 */
export function softmaxCrossEntropy(settings: CrossEntropySettings = {}): Loss {
  return crossEntropy('softmaxCrossEntropy', settings);
}

/**
 * The loss of a multi-label classifier: binary cross-entropy from logits, the mean over labels and batch.
 *
 * @param settings The smoothing towards one half, the weights of the labels, and the focusing.
 * @returns The loss, for `train({ loss })`.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { binaryCrossEntropy, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, loss: binaryCrossEntropy({ classWeights: [1, 4] }) });
 * ```
 */
export function binaryCrossEntropy(settings: CrossEntropySettings = {}): Loss {
  return crossEntropy('binaryCrossEntropy', settings);
}

/**
 * The loss of a regressor: the mean of the squared differences over outputs and batch.
 *
 * @returns The loss, for `train({ loss })`.
 *
 * @example
 * ```ts
 * import { meanSquaredError, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, loss: meanSquaredError() });
 * ```
 */
export function meanSquaredError(): Loss {
  return { kind: 'loss', name: 'meanSquaredError' };
}
