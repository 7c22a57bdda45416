import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { randomStream } from '../../src/core/random.ts';
import { augmentExamples, crop, flip, fromTensors } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  asBase,
  attachHead,
  type Dataset,
  dispose,
  type FineTuneSettings,
  fineTune,
  type History,
  lastWeights,
  linearProbe,
  type Strategy,
  sequence,
  type TrainEvent,
  type TransferModel,
  train,
  unfreezeTop,
} from '../../src/index.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';

const size = 16;
export const labels = ['even', 'odd'];

/** Twenty pictures to train on and eight to watch. */
export async function pictures(seed = 1): Promise<Dataset> {
  const examples = async (count: number, salt: number) => {
    const tensor = tf.randomUniform([count, size, size, 3], 0, 255, 'float32', seed + salt);
    const made = await fromTensors(
      tensor,
      Array.from({ length: count }, (_, index) => index % 2),
    );
    tensor.dispose();
    return made;
  };
  return { train: await examples(20, 0), validation: await examples(8, 100) };
}

/** The same with random views. */
export async function views(seed = 1): Promise<Dataset> {
  const { train: plain, ...others } = await pictures(seed);
  return { ...others, train: augmentExamples(plain, [flip(), crop()], { seed }) };
}

/** Sequences of words, padded with 0, which the base masks. */
export async function words(): Promise<Dataset> {
  const random = randomStream('words');
  const rows = Array.from({ length: 20 }, (_, row) =>
    Array.from({ length: 6 }, (_, at) => (at < 2 + (row % 5) ? 1 + Math.floor(9 * random()) : 0)),
  );
  const tensor = tf.tensor2d(rows, [20, 6], 'int32');
  const made = await fromTensors(
    tensor,
    rows.map((_, row) => row % 2),
  );
  tensor.dispose();
  return { train: made };
}

export function pictureModel(seed = 7): TransferModel {
  const base = tinyCnn({ size, seed });
  const made = attachHead(classifier(labels))(base);
  dispose(base);
  return made;
}

/** A base with a mask that crosses the frontier. */
export function wordModel(): TransferModel {
  const L = tfl.layers;
  const model = tfl.sequential({
    layers: [
      L.embedding({ inputDim: 10, outputDim: 4, maskZero: true, inputLength: 6, name: 'words' }),
      L.lstm({ units: 5, recurrentInitializer: 'glorotUniform', name: 'reader' }),
    ],
  });
  const base = asBase(model, { cut: false });
  const made = attachHead(classifier(labels))(base);
  dispose(base);
  return made;
}

const tune = (settings: { readonly views?: number } = {}) =>
  train({ epochs: 2, batchSize: 6, learningRate: 0.01, callbacks: [lastWeights()], ...settings });

/** The frontier moves down, then up. */
export const moving: Strategy = sequence(
  linearProbe({ epochs: 2, batchSize: 6 }),
  unfreezeTop(3),
  tune(),
  unfreezeTop(1),
  tune(),
);
export const movingViews: Strategy = sequence(unfreezeTop(3), tune({ views: 2 }), unfreezeTop(1), tune({ views: 2 }));
export const topmost: Strategy = sequence(unfreezeTop(1), tune());

/** What a run left: the bits of its weights, its record, and what it reported. */
export interface Ran {
  readonly bits: Readonly<Record<string, string>>;
  readonly history: History;
  readonly events: readonly TrainEvent[];
}

/** Runs a strategy; the tuned model is disposed. */
export async function ran(
  model: TransferModel,
  data: Dataset,
  strategy: Strategy,
  settings: FineTuneSettings = {},
): Promise<Ran> {
  const events: TrainEvent[] = [];
  const { model: tuned, history } = await fineTune(model, data, strategy, {
    seed: 3,
    ...settings,
    onEvent(event) {
      events.push(event);
      settings.onEvent?.(event);
    },
  });
  const { variables } = networkBehind(tuned);
  const bits: Record<string, string> = {};
  for (const key of variables.keys()) {
    const numbers = (await tensorOf(variables, tuned.lease.values, key).data()).slice();
    bits[key] = new Uint32Array(numbers.buffer).join();
  }
  dispose(tuned);
  return { bits, history, events };
}

/** What was done where the budget was exceeded. */
export const exceeded = ({ events }: Ran) => events.flatMap((event) => (event.kind === 'cacheExceeded' ? [event] : []));

/** What became of features in a store, as `train saved`. */
export const saved = ({ events }: Ran) =>
  events.flatMap((event) => (event.kind === 'savedFeatures' ? [`${event.split} ${event.action}`] : []));

/** The reasons that were given for it. */
export const reasons = ({ events }: Ran) =>
  events.flatMap((event) => (event.kind === 'savedFeatures' && event.reason ? [event.reason] : []));

/** How many batches of features were computed. */
export const computed = ({ events }: Ran) => events.filter(({ kind }) => kind === 'features').length;
