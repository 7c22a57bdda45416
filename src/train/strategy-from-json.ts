import { assertList } from '../core/assert-list.ts';
import { assertStrategy } from '../core/assert-strategy.ts';
import { averagedWeights, swaWeights } from '../core/averages.ts';
import { bestWeights, earlyStopping, lastWeights, reduceLROnPlateau } from '../core/callbacks.ts';
import { bitFit, freeze, unfreeze, unfreezeOnly, unfreezeTop } from '../core/edits.ts';
import { TransferError } from '../core/errors.ts';
import { accuracy, auc, f1, meanAbsoluteError, precision, recall, topK } from '../core/metrics.ts';
import { cutmix, mixup } from '../core/mix.ts';
import type { Optimizer } from '../core/optimizer.ts';
import {
  type ClassRelation,
  coTuning,
  type DistillationSettings,
  delta,
  distillation,
  l2SP,
} from '../core/penalties.ts';
import { batchNorm, discriminative } from '../core/rate-edits.ts';
import { constant, cosine, linear, oneCycle, slantedTriangular } from '../core/schedules.ts';
import { type Phase, type Strategy, train } from '../core/strategy.ts';
import { lora } from '../model/lora.ts';
import { chain, clipByGlobalNorm } from './chain.ts';
import { adam, adamw, rmsprop, sgd } from './optimizers.ts';

type Json = { readonly kind?: string; readonly name?: string } & Readonly<Record<string, unknown>>;
type Builder = (json: never) => unknown;

/** How each value is made again from its record. */
const builders: Readonly<Record<string, Readonly<Record<string, Builder>>>> = {
  edit: {
    freeze: () => freeze(),
    unfreeze: () => unfreeze(),
    unfreezeOnly: ({ names }: { names: unknown }) => unfreezeOnly(...listOf<[string]>(names)),
    bitFit: () => bitFit(),
    unfreezeTop: ({ top }: { top: number | string }) => unfreezeTop(top),
    lora,
    batchNorm: ({ policy }: { policy: 'frozen' }) => batchNorm(policy),
    discriminative,
  },
  optimizer: {
    sgd,
    adam,
    adamw,
    rmsprop,
    clipByGlobalNorm: ({ maximum }: { maximum: number }) => clipByGlobalNorm(maximum),
    chain: ({ optimizers }: { optimizers: unknown }) => chain(...(listOf(optimizers).map(revive) as Optimizer[])),
  },
  schedule: { constant, linear, cosine, oneCycle, slantedTriangular },
  penalty: {
    l2SP,
    delta,
    coTuning: ({ strength, ...relation }: ClassRelation & { strength: number }) => coTuning(relation, { strength }),
    distillation: ({ labels, logits, ...settings }: DistillationSettings & { labels: string[]; logits: number[][] }) =>
      distillation({ labels, logits }, settings),
  },
  mix: { mixup, cutmix },
  callback: { earlyStopping, reduceLROnPlateau, bestWeights, lastWeights, averagedWeights, swaWeights },
  metric: { accuracy, precision, recall, f1, auc: ({ label }: { label: string }) => auc(label), meanAbsoluteError },
};

function listOf<List = Json[]>(given: unknown): List {
  assertList('strategyFromJSON', given, "[{ kind: 'metric', name: 'accuracy' }], as JSON.stringify wrote it");
  return given as List;
}

function revive(json: Json | null): unknown {
  const { kind = '', name = '', ...settings } = json ?? {};
  if (kind === 'loss') return json;
  const builder =
    Object.hasOwn(builders, kind) && Object.hasOwn(builders[kind] as object, name) ? builders[kind]?.[name] : undefined;
  const top = kind === 'metric' && /^top(\d+)$/.exec(name);
  if (top) return topK(Number(top[1]));
  if (builder) return builder(settings as never);
  throw new TransferError(
    'INVALID_ARGUMENT',
    `The strategy holds ${kind ? `the ${kind} "${name}"` : JSON.stringify(json)}, which is none of this library's. ` +
      'Values of your own cannot be read back from JSON: put them into the strategy in code.',
  );
}

/**
 * Reads a strategy back from JSON, as `JSON.stringify` wrote it: to store it, or to send it to a worker.
 *
 * @param json The text, or what it was parsed to.
 * @returns The strategy.
 * @throws TransferError `INVALID_ARGUMENT` where it holds an unknown value; `INVALID_ORDER` where it is no strategy.
 *
 * @example
 * ```ts
 * import { probeThenTune, strategyFromJSON } from 'tfjs-transfer';
 *
 * const text = JSON.stringify(probeThenTune({ top: 2 }));
 * console.log(JSON.stringify(strategyFromJSON(text)) === text); // true
 * ```
 */
export function strategyFromJSON(json: string | readonly unknown[]): Strategy {
  const steps = (typeof json === 'string' ? parse(json) : json) as readonly Json[];
  const strategy = Array.isArray(steps) ? steps.map(readStep) : steps;
  assertStrategy(strategy);
  return strategy;
}

function readStep(step: Json): unknown {
  if (step?.kind !== 'phase') return revive(step);
  const { kind, name, ...settings } = step as unknown as Phase & { readonly [key: string]: unknown };
  const one = (value: unknown) => value && revive(value as Json);
  const many = (values: unknown) => (values === undefined ? undefined : listOf(values).map(revive));
  const revived = {
    optimizer: one(settings.optimizer),
    schedule: one(settings.schedule),
    penalties: many(settings.penalties),
    mix: one(settings.mix),
    callbacks: many(settings.callbacks),
    metrics: many(settings.metrics),
  };
  const given = Object.fromEntries(Object.entries(revived).filter(([, value]) => value !== undefined));
  return train({ ...settings, ...given } as unknown as Phase);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'The strategy is no JSON. Pass what JSON.stringify makes of sequence(...).',
      {
        cause,
      },
    );
  }
}
