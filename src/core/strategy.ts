import { assertSteps } from './assert-steps.ts';
import type { Edit } from './edit.ts';
import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';
import { assertSettings, textOf } from './settings.ts';
import { knownInTrain, type TrainSettings } from './train-settings.ts';

/** A stretch of training with one setting, as data. */
export interface Phase extends TrainSettings {
  readonly kind: 'phase';
  readonly name: 'train';
}

/** An edit of the settings, or a stretch of training. */
export type Step = Edit | Phase;

/** What {@link fineTune} does: edits and phases, a phase last. */
export type Strategy = readonly [...Step[], Phase];

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
 * @param settings Epochs, which have no default; rate, optimizer and the rest, which have one each.
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
