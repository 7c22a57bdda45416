import type { Callback } from './callbacks.ts';
import type { Edit } from './edit.ts';
import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';
import type { Loss } from './loss.ts';
import { assertNames } from './measure.ts';
import type { Metric } from './metrics.ts';
import type { Mix } from './mix.ts';
import type { Optimizer } from './optimizer.ts';
import type { Penalty } from './penalties.ts';
import type { Schedule } from './schedules.ts';
import { assertSettings, type Known, textOf } from './settings.ts';

/** Settings of {@link train}. */
export interface TrainSettings {
  /** How often every example is seen. */
  readonly epochs: number;
  /** The peak rate. Default: 1e-3 for the head and 1e-4 for tuned layers of the base. */
  readonly learningRate?: number;
  /** Examples a step. Default: 32. */
  readonly batchSize?: number;
  /** Default: Adam. */
  readonly optimizer?: Optimizer;
  /** How the rate moves. Default: constant. */
  readonly schedule?: Schedule;
  /** Default: the head's. */
  readonly loss?: Loss;
  /** What is added to the loss, such as `[l2SP()]`. Default: nothing but what layers bring themselves. */
  readonly penalties?: readonly Penalty[];
  /** How training examples are mixed with others: `mixup()` or `cutmix()`. Default: not at all. */
  readonly mix?: Mix;
  /** Default: none but the keeping of the best weights. */
  readonly callbacks?: readonly Callback[];
  /** Computed on the validation split after each epoch. Default: accuracy, or the mean absolute error in regression. */
  readonly metrics?: readonly Metric[];
  /**
   * How many augmented views of an example there are. Each is computed once and its features are cached; without it,
   * every epoch sees a new view and nothing is cached. Mixtures are views. No effect on data with neither.
   */
  readonly views?: number;
}

/** A stretch of training with one setting, as data. */
export interface Phase extends TrainSettings {
  readonly kind: 'phase';
  readonly name: 'train';
}

/** An edit of the settings, or a stretch of training. */
export type Step = Edit | Phase;

/** What {@link fineTune} does: edits and phases, a phase last. */
export type Strategy = readonly [...Step[], Phase];

/** The settings of {@link train}, which checks values in words of its own. */
export const knownInTrain: Known<TrainSettings> = {
  epochs: 10,
  learningRate: undefined,
  batchSize: undefined,
  optimizer: undefined,
  schedule: undefined,
  loss: undefined,
  penalties: undefined,
  mix: undefined,
  callbacks: undefined,
  metrics: undefined,
  views: undefined,
};

const examples = {
  optimizer: ['optimizer', 'adam()'],
  schedule: ['schedule', 'cosine()'],
  loss: ['loss', 'softmaxCrossEntropy()'],
  penalties: ['penalty', '[l2SP()]'],
  mix: ['mix', 'mixup()'],
  metrics: ['metric', '[accuracy()]'],
  callbacks: ['callback', '[earlyStopping()]'],
} as const;

/**
 * A stretch of training.
 *
 * @param settings Epochs, rate, optimizer and the rest; each has its default.
 * @returns The phase.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { cosine, train } from 'tfjs-transfer';
 *
 * train({ epochs: 10, learningRate: 1e-4, schedule: cosine() });
 * ```
 */
export function train(settings: TrainSettings): Phase {
  assertSettings('train', settings, knownInTrain);
  const { epochs, learningRate = 1, batchSize = 1, views = 1 } = settings;
  const wrong = [
    !(Number.isInteger(epochs) && epochs >= 1) && `epochs: ${epochs}; pass a whole number from 1`,
    !(Number.isFinite(learningRate) && learningRate > 0) && `learningRate: ${learningRate}; pass a number above 0`,
    !(Number.isInteger(batchSize) && batchSize >= 1) && `batchSize: ${batchSize}; pass a whole number from 1`,
    !(Number.isInteger(views) && views >= 1) && `views: ${views}; pass a whole number from 1`,
    ...Object.entries(examples).map(([name, [kind, example]]) => {
      const given = settings[name as keyof TrainSettings];
      const isRight = given === undefined || example.startsWith('[') === Array.isArray(given);
      const bad = [given ?? []].flat().find((value) => kindOf(value) !== kind);
      if (isRight && bad === undefined) return false;
      return `${textOf(bad ?? given)}, no ${kind} as ${name}; pass ${example}`;
    }),
  ].filter(Boolean);
  if (wrong.length) throw new TransferError('INVALID_ARGUMENT', `train received ${wrong.join('; ')}.`);
  assertNames('train', settings.metrics);
  return { kind: 'phase', name: 'train', ...settings };
}

/**
 * Joins steps and strategies into one strategy.
 *
 * @param parts Edits, phases and strategies, in order; the last must train.
 * @returns The strategy: a plain array, flattened. Where the last part is known to be an edit, its type is no
 * `Strategy`, and {@link fineTune} does not take it.
 * @throws TransferError `INVALID_ARGUMENT` where a part is none of these.
 *
 * @example
 * ```ts
 * import { linearProbe, sequence, train, unfreezeTop } from 'tfjs-transfer';
 *
 * const strategy = sequence(linearProbe({ epochs: 10 }), unfreezeTop(3), train({ epochs: 10, learningRate: 1e-4 }));
 * console.log(strategy.length); // 4
 * ```
 */
export function sequence<const Parts extends readonly (Step | Strategy)[]>(
  ...parts: Parts
): Parts extends readonly [...unknown[], Phase | Strategy] ? Strategy : readonly Step[] {
  const steps = parts.flatMap((part) => (Array.isArray(part) ? part : [part]));
  assertSteps(steps);
  return steps as never;
}

/**
 * Refuses what is no strategy.
 *
 * @param strategy The steps.
 * @throws TransferError `INVALID_ORDER` where it is empty or ends with an edit; `INVALID_ARGUMENT` where it holds
 * anything else.
 */
export function assertStrategy(strategy: unknown): asserts strategy is Strategy {
  if (!Array.isArray(strategy)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `The strategy is ${kindOf(strategy) ? `a single ${kindOf(strategy)}` : textOf(strategy)}. Pass sequence(train({ epochs })), or a recipe such as linearProbe().`,
    );
  }
  assertSteps(strategy);
  const last = strategy.at(-1);
  if (last?.kind === 'phase') return;
  throw new TransferError(
    'INVALID_ORDER',
    last
      ? `The strategy ends with the edit ${String(last.name)}, which nothing trains after. Add train({ epochs }) behind it, or take it away.`
      : 'The strategy is empty. Pass at least one phase, such as train({ epochs: 10 }) or linearProbe({ epochs: 10 }).',
  );
}

function assertSteps(steps: readonly unknown[]): void {
  const stranger = steps.findIndex((step) => !/^(edit|phase)$/.test(kindOf(step) ?? ''));
  if (stranger < 0) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `Step ${stranger + 1} of the strategy, ${textOf(steps[stranger])}, is no edit and no phase. Pass what freeze(), unfreezeTop(n), train({ ... }) and the like return.`,
  );
}
