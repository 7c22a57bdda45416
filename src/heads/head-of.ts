import { TransferError } from '../core/errors.ts';
import type { Head, Task } from '../core/head.ts';
import type { Loss } from '../core/loss.ts';
import { assertSettings } from '../core/settings.ts';

/** Settings that every head has. */
export interface HeadSettings {
  /** The share of features that are dropped while training, from 0 (the default) to below 1. */
  readonly dropout?: number;
  /** Seed of the first weights. Default: 0. */
  readonly seed?: number;
}

/** Makes a head of one dense layer. */
export function headOf(
  name: string,
  task: Task,
  labels: readonly string[],
  loss: Loss,
  settings: HeadSettings,
  fewest: number,
): Head {
  assertSettings(name, settings, { dropout: 0.5, seed: 7 });
  const { dropout = 0, seed = 0 } = settings;
  const distinct =
    Array.isArray(labels) &&
    labels.every((label) => typeof label === 'string') &&
    new Set(labels).size === labels.length;
  if (!distinct || labels.length < fewest) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${name} received ${JSON.stringify(labels)}. Pass ${fewest === 1 ? 'a name for each output' : 'at least two names'}, all different.`,
    );
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${name} received dropout: ${dropout}. Pass a share from 0 to below 1.`,
    );
  }
  return {
    kind: 'head',
    name,
    task,
    labels: [...labels],
    layers: [
      ...(dropout > 0 ? [{ kind: 'dropout', rate: dropout } as const] : []),
      { kind: 'dense', units: labels.length, activation: 'linear' },
    ],
    loss,
    seed,
  };
}
