import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { defaultMetrics } from '../core/measure.ts';
import type { Metric } from '../core/metrics.ts';
import { lowerIsBetter } from '../core/monitor.ts';
import { assertSettings } from '../core/settings.ts';
import { classifier } from '../heads/classifier.ts';
import { asBase } from '../model/as-base.ts';
import { dispose } from '../model/dispose.ts';
import { isFactor, updatedKernels, withoutUpdates } from '../model/low-rank.ts';
import { networkBehind } from '../model/network.ts';
import { tidy } from '../model/tidy.ts';
import { assertTransferModel } from '../model/transfer-model.ts';
import { tensorOf } from '../model/weights.ts';
import { withWeights } from '../model/with-weights.ts';
import { evaluate } from '../train/evaluate.ts';
import { assertExamples } from '../train/targets.ts';
import { featuresOf } from './features-of.ts';
import { finiteValue } from './finite-value.ts';
import { rowOf } from './matrix.ts';
import { sourceProbabilities } from './source-probabilities.ts';

/** Settings of {@link forgetting}. */
export interface ForgettingSettings {
  /** What is measured. Default: accuracy, or the mean absolute error in regression. */
  readonly metric?: Metric;
  /** Examples at a time. Default: 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** What a base still knows of the task that it came from. */
export interface Forgetting {
  readonly metric: string;
  /** The metric on the source task before tuning, and after it with the old head on the tuned base. */
  readonly before: number;
  readonly after: number;
  /** How much worse it became: above 0 where something was forgotten, below 0 where tuning helped the old task too. */
  readonly forgotten: number;
}

/**
 * Says what tuning cost on the task that the base came from: puts the old head back on the tuned base and measures it on
 * examples of the old task, before and after (catastrophic forgetting; McCloskey and Cohen, 1989).
 *
 * @param source The base or the model that the transfer began with: a model with its own head, or what `loadBase` or `asBase` returned
 * where it cut off a softmax over one dense layer.
 * @param tuned What `fineTune` returned for the new task.
 * @param examples Examples of the old task, with its classes.
 * @param settings Metric, batch size and signal.
 * @returns The metric before and after. A base that was frozen forgets nothing, bit for bit.
 * @throws TransferError `INVALID_ARGUMENT` where the source has no head to put back, or the tuned model has another base;
 * `INVALID_DATA` where examples do not fit the old head; `DISPOSED`. An abort rejects with its reason.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { asBase, attachHead, fineTune, pipe, sequence, train, unfreeze } from 'tfjs-transfer';
 * import { forgetting } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const source = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['apple', 'bread'])));
 * const examples = await fromTensors(tf.randomUniform([4, 16, 16, 3], 0, 255), [0, 1, 0, 1]);
 * const model = pipe(asBase(source), attachHead(classifier(['beer', 'milk'])));
 * const { model: tuned } = await fineTune(model, { train: examples }, sequence(unfreeze(), train({ epochs: 1 })));
 * const { before, after, forgotten } = await forgetting(source, tuned, examples);
 * console.log(before - after === forgotten); // true
 * ```
 */
export async function forgetting(
  source: Base | TransferModel,
  tuned: TransferModel,
  examples: Examples,
  settings: ForgettingSettings = {},
): Promise<Forgetting> {
  assertSettings('forgetting', settings, { metric: {}, batchSize: 32, signal: undefined });
  assertTransferModel(tuned);
  const kind = kindOf(source);
  if (kind !== 'base' && kind !== 'transfer') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'forgetting received no source. Pass the base or the model that the transfer began with.',
    );
  }
  assertSameBase(source, tuned);
  const task = source.kind === 'transfer' ? source.head.task : 'classification';
  const metric = settings.metric ?? (defaultMetrics(task)[0] as Metric);
  const [before, after] =
    source.kind === 'transfer'
      ? await withOwnHead(source, tuned, examples, { ...settings, metric })
      : await withSourceHead(source, tuned, examples, { ...settings, metric });
  const forgotten = (lowerIsBetter(metric) ? -1 : 1) * (before - after);
  return { metric: metric.name, before, after, forgotten };
}

type Measured = readonly [before: number, after: number];
type Settings = ForgettingSettings & { readonly metric: Metric };

async function withOwnHead(
  source: TransferModel,
  tuned: TransferModel,
  examples: Examples,
  { metric, ...settings }: Settings,
): Promise<Measured> {
  const measured = async (model: TransferModel) => {
    const { metrics } = await evaluate(model, examples, { ...settings, metrics: [metric] });
    return finiteValue('forgetting', metric.name, metrics[metric.name] as number);
  };
  const { variables } = networkBehind(tuned);
  const moved = weightsOfBase(source).map(({ key }) => [key, tensorOf(variables, tuned.lease.values, key)] as const);
  const own = Object.entries(source.lease.values).filter(([key]) => !isFactor(key));
  const kernels = tidy(() => updatedKernels(variables, tuned.lease.values));
  const plain = { ...source, layers: withoutUpdates(source.layers) };
  const again = withWeights(plain, Object.fromEntries([...own, ...moved]), kernels);
  try {
    return [await measured(source), await measured(again)];
  } finally {
    dispose(again);
  }
}

async function withSourceHead(
  source: Base,
  tuned: TransferModel,
  examples: Examples,
  { metric, ...settings }: Settings,
): Promise<Measured> {
  const measured = async (base: Base) => {
    const said = await sourceProbabilities(source, await featuresOf(base, examples, settings));
    if (!said) {
      throw new TransferError(
        'INVALID_ARGUMENT',
        `forgetting: "${source.origin.name}" has no classifier to put back: none was cut off, or it is no softmax over one ` +
          'dense layer. Pass the model that had it: the result of fineTune or loadModel.',
      );
    }
    const labels = Array.from({ length: said.columns }, (_, label) => String(label));
    assertExamples(classifier(labels), examples, 'given');
    const scores = examples.targets.map((_, i) => Float32Array.from(rowOf(said, i)));
    const value = metric.compute({ task: 'classification', labels, scores, targets: examples.targets });
    return finiteValue('forgetting', metric.name, value);
  };
  const base = asBase(tuned);
  try {
    return [await measured(source), await measured(base)];
  } finally {
    dispose(base);
  }
}

const weightsOfBase = ({ layers }: Base | TransferModel) =>
  withoutUpdates(layers).flatMap(({ part, weights }) => (part === 'base' ? weights : []));

function assertSameBase(source: Base | TransferModel, tuned: TransferModel): void {
  const textOf = (model: Base | TransferModel) => weightsOfBase(model).map(({ key, shape }) => `${key} [${shape}]`);
  const [own, other] = [textOf(source), textOf(tuned)];
  const first = own.findIndex((weight, i) => weight !== other[i]);
  if (own.length === other.length && first < 0) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `forgetting: the tuned model has another base than the source: ${other[first] ?? 'nothing'} where that has ${own[first] ?? 'nothing'}. ` +
      'Pass what fineTune made of asBase(source), or of the same base with another head.',
  );
}
