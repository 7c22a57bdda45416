import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Base, TransferModel } from '../../src/core/handle.ts';
import type { Tensors } from '../../src/core/optimizer.ts';
import { train } from '../../src/core/strategy.ts';
import type { TrainSettings } from '../../src/core/train-settings.ts';
import { asBase } from '../../src/model/as-base.ts';
import { infer } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { sgd } from '../../src/train/optimizers.ts';
import { penaltiesOf, startingPoints } from '../../src/train/penalties.ts';
import { planOf } from '../../src/train/plan.ts';
import { trainStep } from '../../src/train/step.ts';
import type { Rows } from '../../src/train/term.ts';

/** A classifier of three old classes: two smooth convolutions over pictures of 2 x 2, and a softmax over their mean. */
export function smoothModel(): tfl.LayersModel {
  const weights = (seed: number) => tfl.initializers.randomNormal({ stddev: 0.7, seed });
  const conv = (name: string, filters: number, seed: number) =>
    tfl.layers.conv2d({ name, filters, kernelSize: 1, activation: 'tanh', kernelInitializer: weights(seed) });
  return tfl.sequential({
    layers: [
      tfl.layers.inputLayer({ inputShape: [2, 2, 3] }),
      conv('stem', 3, 1),
      conv('features', 4, 2),
      tfl.layers.globalAveragePooling2d({ name: 'pool' }),
      tfl.layers.dense({ name: 'old', units: 3, activation: 'softmax', kernelInitializer: weights(3) }),
    ],
  });
}

/** The base of {@link smoothModel}. */
export const smoothBase = (): Base => asBase(smoothModel());

/** One step of plain descent at a rate of 1 as a function of the weights: what it costs, and where it goes. */
export function oneStep(
  model: TransferModel,
  settings: Partial<TrainSettings>,
  { x, targets, rows }: { readonly x: tf.Tensor; readonly targets: tf.Tensor; readonly rows: Rows },
) {
  const [planned] = planOf(model, [train({ epochs: 1, ...settings })]) as [ReturnType<typeof planOf>[0]];
  const network = networkBehind(model);
  const { split, trained, phase } = planned;
  const start = startingPoints([planned], model.lease.values);
  const penalties = penaltiesOf(planned, start).map((of) => of(rows));
  const plan = { network, split, trained, loss: phase.loss, optimizer: sgd(), factors: {}, penalties };
  const given = new Map([[network.graph.inputs[0] as number, { tensor: x, mask: null }]]);
  const atCut = infer(split.prefix, given, split.cut);
  const cut = new Map(split.cut.map((id, i) => [id, atCut[i] as (typeof atCut)[number]]));
  const step = (values: Tensors) => {
    const { loss, values: moved } = trainStep(
      plan,
      { ...model.lease.values, ...values },
      {},
      cut,
      targets,
      { learningRate: 1, momentum: undefined },
      [0],
    );
    return { loss: loss.dataSync()[0] as number, moved };
  };
  const weight = (key: string) => tensorOf(network.variables, model.lease.values, key);
  return { step, weight, keys: trained.keys };
}

/** The largest difference of a step's gradient from that of finite differences, over all weights that train. */
export function differenceFromFinite({ step, weight, keys }: ReturnType<typeof oneStep>, at: Tensors = {}): number {
  const now = (key: string) => at[key] ?? weight(key);
  const { moved } = step(at);
  let worst = 0;
  for (const key of keys) {
    const before = now(key).dataSync();
    const after = (moved[key] as tf.Tensor).dataSync();
    before.forEach((value, i) => {
      const [up, down] = [1, -1].map((side) => {
        const changed = Float32Array.from(before, (one, j) => (i === j ? one + side * 0.02 : one));
        return step({ ...at, [key]: tf.tensor(changed, now(key).shape) }).loss;
      }) as [number, number];
      worst = Math.max(worst, Math.abs((up - down) / 0.04 - (value - (after[i] as number))));
    });
  }
  return worst;
}
