import type { Dataset, Examples } from '../core/data.ts';
import type { LayerPath, TransferModel } from '../core/handle.ts';
import type { Strategy } from '../core/strategy.ts';
import { networkBehind } from '../model/network.ts';
import { split as divide, frontierOf } from '../model/split.ts';
import type { BackendChoice } from './auto.ts';
import { bytesPerExample, narrowCut } from './narrow-cut.ts';
import { cachedViews } from './phase-features.ts';
import { planOf } from './plan.ts';
import { learningRates } from './rates.ts';
import { type PhaseSeconds, secondsOf } from './seconds.ts';

/** What a phase will do. */
export interface PhaseExplanation {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: string;
  readonly schedule: string;
  readonly loss: string;
  /** The layers of which weights train, from input to output, and the peak learning rate of each. */
  readonly trains: readonly { readonly layer: LayerPath; readonly weights: number; readonly learningRate: number }[];
  /** How many numbers train. */
  readonly parameters: number;
  /** How BatchNormalization above the frontier behaves. */
  readonly batchNorm: string;
  /** The layers whose outputs are computed once and cached; empty where the frontier is the input. */
  readonly frontier: readonly LayerPath[];
  /**
   * Bytes of one example in the cache: at the frontier, or below it where that is much narrower and the way up is cheap.
   * Where the network leaves the length of texts open, it is that of the training examples; without data, 1.
   */
  readonly bytesPerExample: number;
  /** Why training examples are not cached, where they are not: the frozen part runs for each batch. */
  readonly uncached?: string;
  /**
   * Bytes of all examples of the training and validation splits, where data is given: at this frontier, and at the lowest one
   * of all phases where that is another, from which each phase goes on.
   */
  readonly cacheBytes?: number;
  /** What it is expected to take, where data and a measured speed are given. */
  readonly seconds?: PhaseSeconds;
}

/**
 * Says what a strategy will do, before anything runs: which layers train at which rate, where the frozen frontier lies,
 * what is cached, and how long it will take.
 *
 * @param model The model.
 * @param strategy The strategy.
 * @param data The splits, to count the bytes of the cache.
 * @param choice What {@link auto} measured on this model, whatever was frozen then, to predict seconds. They are of the
 * right size, no more: the trial is short, and reading examples is not part of it.
 * @returns One record for each phase.
 * @throws TransferError `INVALID_ORDER` and the rest of what {@link fineTune} refuses in a strategy.
 *
 * @example
 * ```ts
 * import { attachHead, explain, pipe, probeThenTune } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * for (const { trains, frontier } of explain(model, probeThenTune({ top: 1 }))) {
 *   console.log(trains.map(({ layer }) => layer), 'above', frontier);
 * }
 * ```
 */
export function explain(
  model: TransferModel,
  strategy: Strategy,
  data?: Dataset,
  choice?: Pick<BackendChoice, 'speed'>,
): PhaseExplanation[] {
  const phases = planOf(model, strategy);
  const { graph } = networkBehind(model);
  const seconds = data && choice && secondsOf(graph, phases, data, choice.speed);
  const lowest = narrowCut(graph, divide(graph, new Set(phases.flatMap(({ trained }) => [...trained.layers]))));
  return phases.map((planned, index) => {
    const { phase, trained, split } = planned;
    const { peak, factors } = learningRates(planned);
    const keys = new Set(trained.keys);
    const trains = planned.model.layers.flatMap(({ path, weights }) => {
      const open = weights.filter(({ key }) => keys.has(key));
      const count = open.reduce((sum, { shape }) => sum + shape.reduce((size, length) => size * length, 1), 0);
      return open[0] ? [{ layer: path, weights: count, learningRate: peak * (factors[open[0].key] ?? 1) }] : [];
    });
    const narrow = narrowCut(graph, split);
    const kept = [narrow, ...(String(lowest.cut) === String(narrow.cut) ? [] : [lowest])];
    const cuts = kept.flatMap(({ prefix, cut }) => (prefix.length ? [cut] : []));
    const bytesOf = (examples?: Examples, at = narrow.cut) => bytesPerExample(graph, at, examples?.length);
    const views = cachedViews(phase, data?.train ?? { augmented: false });
    const ofAll = ({ train, validation }: Dataset) =>
      cuts.reduce(
        (sum, at) => sum + bytesOf(train, at) * train.size * views + bytesOf(validation, at) * (validation?.size ?? 0),
        0,
      );
    const fresh = phase.mix?.name ?? 'augmentation';
    return {
      epochs: phase.epochs,
      batchSize: phase.batchSize,
      optimizer: phase.optimizer.name,
      schedule: phase.schedule.name,
      loss: phase.loss.name,
      trains,
      parameters: trains.reduce((sum, { weights }) => sum + weights, 0),
      batchNorm: planned.model.settings.batchNorm,
      frontier: frontierOf(split),
      bytesPerExample: bytesOf(data?.train),
      ...(views === 0 && { uncached: `${fresh} makes new inputs in every epoch; views: n makes n of each once` }),
      ...(seconds && { seconds: seconds[index] as PhaseSeconds }),
      ...(data && { cacheBytes: ofAll(data) }),
    };
  });
}
