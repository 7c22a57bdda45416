import { assertStrategy } from '../core/assert-strategy.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Head } from '../core/head.ts';
import { defaultMetrics } from '../core/measure.ts';
import { constant } from '../core/schedules.ts';
import type { Phase, Strategy } from '../core/strategy.ts';
import type { TrainSettings } from '../core/train-settings.ts';
import { networkBehind } from '../model/network.ts';
import { type Split, split } from '../model/split.ts';
import { innerLayers, type Layer } from '../model/tfjs-internals.ts';
import { type Trained, trainedBy } from '../model/trained.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { assertMixable } from './assert-mixable.ts';
import { averageRule } from './average-rule.ts';
import { isNoise } from './noise.ts';
import { adam } from './optimizers.ts';
import { assertLoss, assertMetrics } from './targets.ts';

/** A phase with all that can be said of it before anything runs. */
export interface PlannedPhase {
  /** The phase with its defaults. Its rate stays open: {@link learningRates} gives one for each weight. */
  readonly phase: Phase & Required<Omit<TrainSettings, 'learningRate' | 'views' | 'callbacks' | 'penalties' | 'mix'>>;
  /** The model as the edits before the phase leave it: its settings, not its weights. */
  readonly model: TransferModel;
  readonly trained: Trained;
  readonly split: Split;
}

/**
 * Works out every phase of a strategy.
 *
 * @param model The model.
 * @param strategy The strategy.
 * @throws TransferError `INVALID_ORDER`, `INVALID_ARGUMENT`, `NOT_FOUND` from the steps; `NOT_TRAINABLE` where a layer
 * above a frontier cannot be trained rightly.
 */
export function planOf(model: TransferModel, strategy: Strategy): PlannedPhase[] {
  assertTransferModel(model);
  assertStrategy(strategy);
  const { graph } = networkBehind(model);
  const planned: PlannedPhase[] = [];
  let current = model;
  for (const step of strategy) {
    if (step.kind === 'edit') {
      current = step(current);
      continue;
    }
    const phase = { ...defaultsOf(model.head), ...step };
    const trained = trainedBy(current.layers, current.settings);
    const divided = split(graph, trained.layers);
    assertPure(divided);
    assertLoss(model.head, phase.loss);
    assertMetrics(model.head, phase.metrics);
    averageRule(phase);
    if (phase.mix) assertMixable(phase.mix, current);
    planned.push({ phase, model: current, trained, split: divided });
  }
  return planned;
}

const defaultsOf = ({ task, loss }: Head) => ({
  batchSize: 32,
  optimizer: adam(),
  schedule: constant(),
  loss,
  metrics: defaultMetrics(task),
});

/** Refuses layers whose state or chance would make a run depend on more than its seed (trap T22). */
function assertPure({ prefix, suffix }: Split): void {
  for (const { layer, path } of [...prefix, ...suffix]) {
    if (recurrent(layer).some((inner) => (inner as { stateful?: boolean }).stateful)) {
      refuse(
        path,
        'a stateful recurrent layer, whose output depends on the batches before',
        'Build the base with stateful: false',
      );
    }
  }
  for (const { layer, path, inferenceOnly } of suffix) {
    if (inferenceOnly) continue;
    const drops = recurrent(layer).some((inner) => {
      const { dropout, recurrentDropout } = inner as { dropout?: unknown; recurrentDropout?: unknown };
      return Number(dropout) > 0 || Number(recurrentDropout) > 0;
    });
    if (drops) {
      refuse(
        path,
        'a recurrent layer with dropout, which tfjs cannot seed',
        'Freeze it with fewer units in unfreezeTop, or build the base without dropout',
      );
    }
    if (innerLayers(layer).some(isNoise)) {
      refuse(
        path,
        'a wrapper around dropout or noise, which tfjs cannot seed',
        'Freeze it with fewer units in unfreezeTop, or build the base without it',
      );
    }
  }
}

const recurrent = (layer: Layer) => [layer, ...innerLayers(layer)];

function refuse(path: string, what: string, remedy: string): never {
  throw new TransferError('NOT_TRAINABLE', `${path} is ${what}. ${remedy}.`);
}
