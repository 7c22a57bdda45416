import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { unfreeze } from '../../src/core/edits.ts';
import type { TrainEvent } from '../../src/core/events.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { pipe } from '../../src/core/pipe.ts';
import { train } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { sgd } from '../../src/train/optimizers.ts';
import { type Numbers, numbers } from '../backends/kernel-cases.ts';
import type { LayerCase } from './gradients-layers.ts';

const batch = 3;

/** The network of a case with weights that are the same at each call, moved by `offset` in a direction of its own. */
function networkOf({ input, words, build }: LayerCase, offset: number): tfl.LayersModel {
  const features = tfl.input({ shape: [...input], dtype: words ? 'int32' : 'float32' });
  const output = build(features);
  const flat = output.shape.length > 2 ? (tfl.layers.flatten().apply(output) as tfl.SymbolicTensor) : output;
  const top = tfl.layers.dense({ units: 4, activation: 'tanh' });
  const network = tfl.model({ inputs: features, outputs: top.apply(flat) as tfl.SymbolicTensor });
  const values = network.weights.map((weight, i) => {
    const { shape } = weight;
    const [from, direction] = [numbers(shape as number[], i), numbers(shape as number[], 50 + i)];
    // A variance is positive.
    const [scale, base] = /variance/.test(weight.originalName) ? [0.3, 1] : [0.6, 0];
    // BatchNormalization is frozen.
    const moves = weight.originalName.startsWith('bn/') ? 0 : offset;
    return tf.tensor(
      Float32Array.from(from.values, (value, j) => base + scale * value + moves * (direction.values[j] as number)),
      shape as number[],
    );
  });
  network.setWeights(values);
  tf.dispose(values);
  return network;
}

/** Gives the model of a case, with everything to be trained, to a function. */
export async function withModel<Result>(
  one: LayerCase,
  use: (model: TransferModel) => Result | Promise<Result>,
  offset = 0,
): Promise<Result> {
  const network = networkOf(one, offset);
  const base = asBase(network);
  const model = pipe(base, attachHead(classifier(['a', 'b', 'c'], { seed: 1 })), unfreeze());
  try {
    return await use(model);
  } finally {
    dispose(model);
    dispose(base);
    network.dispose();
  }
}

/** What one step of gradient descent tells. */
export interface StepTaken {
  readonly loss: number;
  /** The gradients of the base's weights, in order. */
  readonly gradients: readonly Numbers[];
}

/** Trains a model of a case for one step on the backend that is current. */
async function step(model: TransferModel, { input, words }: LayerCase): Promise<StepTaken> {
  const { values } = numbers([batch, ...input], 3);
  const examples = words ? values.map((value) => Math.floor(((value + 1) / 2) * words)) : values;
  const data = { train: fromArrays({ values: examples, shape: [batch, ...input] }, [0, 1, 2]) };
  const losses: number[] = [];
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'step') losses.push(event.loss);
  };
  const phase = train({ epochs: 1, learningRate: 1, batchSize: batch, optimizer: sgd() });
  const before = await weightsOf(model);
  const { model: tuned } = await fineTune(model, data, [phase], { onEvent, seed: 1 });
  const after = await weightsOf(tuned);
  dispose(tuned);
  const gradients = before.map((old, i): Numbers => {
    const now = after[i] as Float32Array;
    return { shape: [old.length], values: Float32Array.from(old, (value, j) => value - (now[j] as number)) };
  });
  return { loss: losses[0] as number, gradients };
}

async function weightsOf(model: TransferModel): Promise<Float32Array[]> {
  const { variables } = networkBehind(model);
  const keys = model.layers.flatMap((layer) => layer.weights).map(({ key }) => key);
  return Promise.all(
    keys.map(async (key) => (await tensorOf(variables, model.lease.values, key).data()).slice() as Float32Array),
  );
}

/** Trains a case for one step, its weights moved by `offset`. */
export const stepOf = (one: LayerCase, offset = 0): Promise<StepTaken> =>
  withModel(one, (model) => step(model, one), offset);

/** Half the distance of the inner points of the difference. */
const distance = 0.002;

/**
 * How fast the loss grows in the direction in which the weights move: by the gradients, and by differences of four points.
 */
export async function slopesOf(one: LayerCase): Promise<readonly [byGradients: number, byDifferences: number]> {
  const { gradients } = await stepOf(one);
  const [from, to] = [await withModel(one, weightsOf), await withModel(one, weightsOf, 1)];
  const byGradients = gradients.reduce((sum, { values }, i) => {
    const [start, end] = [from[i] as Float32Array, to[i] as Float32Array];
    return [...values].reduce((all, value, j) => all + value * ((end[j] as number) - (start[j] as number)), sum);
  }, 0);
  const at = async (offset: number) => (await stepOf(one, offset)).loss;
  const slope = async (h: number) => ((await at(h)) - (await at(-h))) / (2 * h);
  return [byGradients, (4 * (await slope(distance)) - (await slope(2 * distance))) / 3];
}
