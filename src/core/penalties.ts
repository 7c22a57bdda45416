import { TransferError } from './errors.ts';
import { assertSettings } from './settings.ts';

/** What is added to the loss, as data: {@link l2SP}, {@link delta}, {@link coTuning}, {@link distillation}. */
export type Penalty = { readonly kind: 'penalty' } & (
  | { readonly name: 'l2SP'; readonly alpha: number; readonly beta: number }
  | ({ readonly name: 'delta' } & Required<DeltaSettings>)
  | ({ readonly name: 'coTuning'; readonly strength: number } & ClassRelation)
  | ({ readonly name: 'distillation'; readonly logits: readonly (readonly number[])[] } & Pick<Teacher, 'labels'> &
      Required<DistillationSettings>)
);

/** Settings of {@link l2SP}. */
export interface L2SPSettings {
  /** How strongly weights of the base are held to where the run began. Default: 0.1. */
  readonly alpha?: number;
  /** How strongly weights of the head are held to 0. Default: 0.01. */
  readonly beta?: number;
}

/**
 * Holds the weights of the base that train near to where they began: `alpha / 2 |w - w0|^2` for them, `beta / 2 |w|^2` for the
 * head (Li et al., 2018, equation 3). It is for few examples and layers that would forget.
 *
 * @param settings The two strengths.
 * @returns The penalty, for `train({ penalties })`. Its value is part of the loss that a run reports.
 * @throws TransferError `INVALID_ARGUMENT` where a strength is below 0.
 *
 * @example
 * ```ts
 * import { l2SP, linearProbe, sequence, train, unfreezeTop } from 'tfjs-transfer';
 *
 * const strategy = sequence(linearProbe(), unfreezeTop(3), train({ epochs: 5, penalties: [l2SP({ alpha: 0.01 })] }));
 * ```
 */
export function l2SP(settings: L2SPSettings = {}): Penalty {
  assertSettings('l2SP', settings, { alpha: 0.1, beta: 0.01 });
  const { alpha = 0.1, beta = 0.01 } = settings;
  if (!(alpha >= 0 && beta >= 0)) {
    throw new TransferError('INVALID_ARGUMENT', `l2SP({ alpha: ${alpha}, beta: ${beta} }): pass numbers from 0.`);
  }
  return { kind: 'penalty', name: 'l2SP', alpha, beta };
}

/** Settings of {@link delta}. */
export interface DeltaSettings {
  /** How strongly feature maps are held to those of the base. Default: 0.01. */
  readonly alpha?: number;
  /** The layers whose outputs are compared. Default: the base's output, which the head reads. */
  readonly layers?: readonly string[];
  /** For each layer of those a weight for each channel, of a sum of 1. Default: all channels alike. */
  readonly channelWeights?: readonly (readonly number[])[];
}

/**
 * Holds what the base sees near to what it saw where the run began, while its weights may move: `alpha / 2` times the squared
 * distance of feature maps, `C sum_c w_c |f_c - f0_c|^2 / (height x width)`, the mean over the batch (DELTA; Li et al., 2019,
 * equations 3 and 4). The published code takes the sum over the batch: its 0.01 with batches of 64 is 0.64 here. For the
 * head, `l2SP({ alpha: 0, beta: 0.01 })` is what the paper adds.
 *
 * Below the frozen frontier nothing moves, so a layer there adds 0. The other features come of the weights at the start of the
 * run above the frontier, on what the phase finds below it, and cost one more forward pass of that part at each step.
 *
 * @param settings Strength, layers, and the attention to channels, which `channelWeights` of `tfjs-transfer/analyse` measures.
 * @returns The penalty, for `train({ penalties })`. Its value is part of the loss that a run reports.
 * @throws TransferError `INVALID_ARGUMENT` for a strength below 0 or weights that are not as many as the layers; a run
 * throws `NOT_FOUND` for a layer that the base does not have.
 *
 * @example
 * ```ts
 * import { delta, l2SP, linearProbe, sequence, train, unfreezeTop } from 'tfjs-transfer';
 *
 * const penalties = [delta({ alpha: 0.1 }), l2SP({ alpha: 0, beta: 0.01 })];
 * const strategy = sequence(linearProbe(), unfreezeTop(3), train({ epochs: 5, penalties }));
 * ```
 */
export function delta(settings: DeltaSettings = {}): Penalty {
  assertSettings('delta', settings, { alpha: 0.01, layers: [], channelWeights: [] });
  const { alpha = 0.01, layers = [], channelWeights = [] } = settings;
  if (!(alpha >= 0)) throw new TransferError('INVALID_ARGUMENT', `delta({ alpha: ${alpha} }): pass a number from 0.`);
  if (channelWeights.length && channelWeights.length !== (layers.length || 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `delta received channelWeights for ${channelWeights.length} layers and ${layers.length} layers. Pass one row of weights for each layer.`,
    );
  }
  return { kind: 'penalty', name: 'delta', alpha, layers, channelWeights };
}

/** The classifier that a base came with, and what its classes have to do with new ones: plain numbers. */
export interface ClassRelation {
  /** For each new class, the probability of each old one: p(old | new). */
  readonly relation: readonly (readonly number[])[];
  /** The old classifier's weights, feature by feature: `features x old classes`. */
  readonly kernel: readonly number[];
  /** One for each old class. */
  readonly bias: readonly number[];
}

/**
 * Asks the old head, too: adds its cross-entropy with the old classes that belong to the new one, so that what the base's
 * last layer knows is put to use (Co-Tuning; You et al., 2020, equation 1). Here the old head stays as it is, where the paper
 * trains it along: what moves is the base below it. Without layers of the base that train it adds nothing.
 *
 * @param relation The old head and p(old | new), from `relateClasses` of `tfjs-transfer/analyse`.
 * @param settings The strength: the paper's lambda. Default: 2.3, the paper's.
 * @returns The penalty, for `train({ penalties })`. As JSON it holds the old head's weights.
 * @throws TransferError `INVALID_ARGUMENT` for a strength below 0 or no relation; a run throws it where the relation has other
 * classes than the head, or is of another base.
 *
 * @example
 * ```ts
 * import { coTuning, train } from 'tfjs-transfer';
 *
 * const relation = { relation: [[0.9, 0.1], [0.2, 0.8]], kernel: [1, 0, 0, 1, 1, 1], bias: [0, 0] };
 * train({ epochs: 5, penalties: [coTuning(relation)] });
 * ```
 */
export function coTuning(relation: ClassRelation, settings: { readonly strength?: number } = {}): Penalty {
  assertSettings('coTuning', settings, { strength: 2.3 });
  const { strength = 2.3 } = settings;
  if (!(strength >= 0 && relation?.relation)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `coTuning received ${relation?.relation ? `strength: ${strength}` : 'no relation of classes'}. Pass coTuning(await relateClasses(base, data.train)), with a strength from 0.`,
    );
  }
  return { kind: 'penalty', name: 'coTuning', strength, ...relation };
}

/** What a teacher says of the training examples: its logits, or the probabilities that `evaluate` gives. */
export type Teacher = { readonly labels: readonly string[] } & (
  | { readonly logits: readonly ArrayLike<number>[] }
  | { readonly scores: readonly ArrayLike<number>[] }
);

/** Settings of {@link distillation}. */
export interface DistillationSettings {
  /** What logits are divided by before the softmax, of teacher and student. Default: 2. */
  readonly temperature?: number;
  /** The share of the teacher in the loss, from 0 to 1; the rest is that of the labels. Default: 0.5. */
  readonly alpha?: number;
}

/**
 * Learns from another classifier's answers as well as from labels: the loss becomes `(1 - alpha) loss + alpha T^2 H(q, p)`,
 * H the cross-entropy of the teacher's softmax at temperature T with that of the student (Hinton et al., 2015, section 2).
 *
 * @param teacher The teacher's answers for each training example, in their order: `(await evaluate(teacher, data.train)).outcome`,
 * or logits. They are those of the plain example, whatever view of it is trained on; of mixed examples they are mixed.
 * @param settings Temperature and share.
 * @returns The penalty, for `train({ penalties })`. As JSON it holds the logits.
 * @throws TransferError `INVALID_ARGUMENT` for a temperature that is not above 0 or a share outside 0 to 1; a run throws it
 * where the teacher has other classes, and `INVALID_DATA` where it answers for another number of examples.
 *
 * @example
 * ```ts
 * import { distillation, train } from 'tfjs-transfer';
 *
 * const teacher = { labels: ['cat', 'dog'], logits: [[4, 1], [0, 3]] };
 * train({ epochs: 5, penalties: [distillation(teacher, { temperature: 4, alpha: 0.7 })] });
 * ```
 */
export function distillation(teacher: Teacher, settings: DistillationSettings = {}): Penalty {
  assertSettings('distillation', settings, { temperature: 2, alpha: 0.5 });
  const { temperature = 2, alpha = 0.5 } = settings;
  if (!(temperature > 0 && temperature < Infinity && alpha >= 0 && alpha <= 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `distillation received temperature: ${temperature}, alpha: ${alpha}. Pass a temperature above 0 and an alpha from 0 to 1.`,
    );
  }
  const rows = teacher && ('logits' in teacher ? teacher.logits : teacher.scores);
  if (!rows || !teacher.labels) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'distillation received no teacher. Pass (await evaluate(teacher, data.train)).outcome, or { labels, logits }.',
    );
  }
  // A logarithm of probabilities is logits, less a constant that no softmax sees.
  const read = 'logits' in teacher ? (number: number) => number : (number: number) => Math.log(Math.max(number, 1e-38));
  const { labels } = teacher;
  return {
    kind: 'penalty',
    name: 'distillation',
    temperature,
    alpha,
    labels,
    logits: rows.map((row) => Array.from(row, read)),
  };
}
