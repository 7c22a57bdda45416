import type { Dataset } from '../core/data.ts';
import { type ErrorCode, TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { Penalty } from '../core/penalties.ts';
import type { ValueId } from '../model/graph.ts';
import { networkBehind } from '../model/network.ts';
import { featureMaps, outputOfBase } from './keep-feature-maps.ts';
import type { PlannedPhase } from './plan.ts';

/**
 * Refuses penalties that do not fit the model or the data, before anything runs.
 *
 * @param phase The phase.
 * @param data The splits.
 * @throws TransferError `INVALID_ARGUMENT`, `INVALID_DATA`, `NOT_FOUND`.
 */
export function assertPenalties({ phase, model }: PlannedPhase, data: Dataset): void {
  for (const penalty of phase.penalties ?? []) {
    if (penalty.name === 'delta') assertChannels(penalty, model);
    if (penalty.name === 'coTuning') assertRelation(penalty, model);
    if (penalty.name === 'distillation') assertTeacher(penalty, model, data.train.size);
  }
}

function refuse(name: Penalty['name'], sentence: string, code: ErrorCode = 'INVALID_ARGUMENT'): never {
  throw new TransferError(code, `${name}: ${sentence}`);
}

const channelsOf = (model: TransferModel, id: ValueId) => networkBehind(model).graph.values.get(id)?.shape.at(-1);

function assertChannels({ layers, channelWeights }: Extract<Penalty, { name: 'delta' }>, model: TransferModel): void {
  const channels = featureMaps(model, layers).map((id) => channelsOf(model, id));
  for (const [index, weights] of channelWeights.entries()) {
    if (weights.length === channels[index] && weights.every((weight) => weight >= 0)) continue;
    const layer = layers[index] ?? "the base's output";
    refuse('delta', `channelWeights of ${layer} are ${weights.length}. Pass ${channels[index]} numbers from 0.`);
  }
}

function assertClassifier(name: Penalty['name'], { head }: TransferModel): void {
  if (head.task === 'classification') return;
  refuse(
    name,
    `the head "${head.name}" has no classes that exclude each other. Attach a classifier(labels), or leave it out.`,
  );
}

function assertRelation(penalty: Extract<Penalty, { name: 'coTuning' }>, model: TransferModel): void {
  assertClassifier('coTuning', model);
  const { relation, kernel, bias } = penalty;
  const { labels } = model.head;
  if (relation.length !== labels.length || relation.some((row) => row.length !== bias.length)) {
    refuse(
      'coTuning',
      `the relation has ${relation.length} new classes and ${relation[0]?.length ?? 0} old ones; the head has ${labels.length} ` +
        `classes, the old head ${bias.length}. Pass what relateClasses(base, data.train) gives for this data.`,
    );
  }
  const features = channelsOf(model, outputOfBase(model)) ?? 0;
  if (kernel.length === features * bias.length) return;
  refuse(
    'coTuning',
    `the old head reads ${kernel.length / bias.length} features, and the base gives ${features}. Pass what relateClasses gives for this base.`,
  );
}

function assertTeacher(penalty: Extract<Penalty, { name: 'distillation' }>, model: TransferModel, size: number): void {
  assertClassifier('distillation', model);
  const { labels, logits } = penalty;
  const own = model.head.labels;
  if (labels.join('\n') !== own.join('\n')) {
    refuse(
      'distillation',
      `the teacher has the classes ${labels.join(', ')}; the head has ${own.join(', ')}. They must be the same, in the same order.`,
    );
  }
  const bad = logits.findIndex((row) => row.length !== own.length || !row.every(Number.isFinite));
  if (logits.length === size && bad < 0) return;
  refuse(
    'distillation',
    bad < 0
      ? `the teacher answers for ${logits.length} examples; the training split has ${size}. Pass (await evaluate(teacher, data.train)).outcome.`
      : `row ${bad} of the teacher is ${JSON.stringify(logits[bad])}. Pass ${own.length} finite numbers, one for each class.`,
    'INVALID_DATA',
  );
}
