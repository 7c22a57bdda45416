import * as tf from '@tensorflow/tfjs-core';
import type { LayerInfo, WeightInfo, WeightKey } from '../core/handle.ts';
import { mapRecord, type Tensors } from '../core/optimizer.ts';
import type { Variables } from './weights.ts';

/** What the update of a kernel is made of: `scale A B`, A `[...inputs, r]` and B `[r, outputs]`. */
export const factorsOf = (kernel: WeightKey) => {
  const [A, B, scale] = ['A', 'B', 'scale'].map((factor) => `${kernel}/lora_${factor}`) as [string, string, string];
  return { A, B, scale } as const;
};

/** The kernel that a factor belongs to; of any other key, the key itself. */
export const kernelOf = (key: WeightKey): WeightKey => key.replace(/\/lora_(A|B|scale)$/, '');

/** Whether a weight is a factor of an update. */
export const isFactor = (key: WeightKey) => kernelOf(key) !== key;

/** How an update is scaled, and what its first A is drawn from. */
export interface UpdateSettings {
  readonly r: number;
  readonly scale: number;
  readonly seed: number;
}

/**
 * The factors of a kernel's update as data. A begins as PyTorch draws the kernel of a layer, B with zeros.
 *
 * @param kernel The kernel: of a product or a convolution, its outputs last.
 * @param settings The rank, the scale and a seed.
 */
export function updateOf({ key, shape }: WeightInfo, { r, scale, seed }: UpdateSettings): readonly WeightInfo[] {
  const [inputs, outputs] = [shape.slice(0, -1), shape.at(-1) as number];
  const names = factorsOf(key);
  const limit = 1 / Math.sqrt(tf.util.sizeFromShape(inputs));
  return [
    { key: names.A, shape: [...inputs, r], role: 'parameter', first: { limit, seed } },
    { key: names.B, shape: [r, outputs], role: 'parameter', first: 0 },
    { key: names.scale, shape: [], role: 'statistic', first: scale },
  ];
}

/** Layers without the factors of updates. */
export const withoutUpdates = (layers: readonly LayerInfo[]): LayerInfo[] =>
  layers.map((layer) => ({ ...layer, weights: layer.weights.filter(({ key }) => !isFactor(key)) }));

/**
 * The updates, `scale A B`, in the shape of their kernels and by their keys.
 *
 * @param values Weights; the factors among them are read.
 * @returns New tensors, the caller's.
 */
export function updatesOf(values: Tensors): Tensors {
  const kernels = Object.keys(values).filter(isFactor).map(kernelOf);
  return Object.fromEntries([...new Set(kernels)].map((kernel) => [kernel, updateTensor(kernel, values)]));
}

function updateTensor(kernel: WeightKey, values: Tensors): tf.Tensor {
  const names = factorsOf(kernel);
  const [A, B, scale] = [names.A, names.B, names.scale].map((key) => values[key]) as [
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor,
  ];
  const [r, outputs] = B.shape;
  // The scale goes where it costs least.
  const product = tf.matMul(tf.reshape(A, [-1, r]) as tf.Tensor2D, tf.mul(B, scale));
  return tf.reshape(product, [...A.shape.slice(0, -1), outputs]);
}

/**
 * The kernels that have an update, with it: `W + scale A B` (Hu et al., 2022, section 4.1), on the gradient's tape where
 * there is one.
 *
 * @param variables The variables of the network.
 * @param values The weights that differ from them.
 * @returns New tensors, the caller's.
 */
export function updatedKernels(variables: Variables, values: Tensors): Tensors {
  return mapRecord(updatesOf(values), (update, key) =>
    tf.add(values[key] ?? (variables.get(key)?.val as tf.Tensor), update),
  );
}
