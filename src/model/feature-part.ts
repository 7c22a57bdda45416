import * as tf from '@tensorflow/tfjs-core';
import type { FeaturePart } from '../core/feature-workers.ts';
import type { WeightKey } from '../core/handle.ts';
import { download } from './device.ts';
import type { Application, ValueId } from './graph.ts';
import { updatedKernels } from './low-rank.ts';
import type { Network } from './network.ts';
import { sharedMemory } from './sent-values.ts';
import { tidy } from './tidy.ts';
import { topologyOf } from './topology.ts';
import { tensorOf } from './weights.ts';

/** A part of a network: applications, and what they need and make. */
export interface Part {
  readonly applications: readonly Application[];
  readonly given: readonly ValueId[];
  readonly wanted: readonly ValueId[];
}

/**
 * A part of a network as data, for a worker that builds it again.
 *
 * @param network The network.
 * @param values The weights that differ from its variables.
 * @param part The part.
 */
export async function featurePart(
  network: Network,
  values: Readonly<Record<WeightKey, tf.Tensor>>,
  { applications, given, wanted }: Part,
): Promise<FeaturePart> {
  const graph = { ...network.graph, applications, inputs: given, outputs: wanted };
  const { json, names } = topologyOf(graph, 'part', 'linear');
  const updated = tidy(() => updatedKernels(network.variables, values));
  const weights = [...names].map(([key, name]) => ({
    name,
    tensor: tensorOf(network.variables, { ...values, ...updated }, key),
  }));
  const weightData = sharedMemory(weights.reduce((sum, { tensor }) => sum + 4 * tensor.size, 0));
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const weightSpecs: { name: string; shape: number[]; dtype: 'float32' }[] = [];
  let offset = 0;
  try {
    for (const { name, tensor } of weights) {
      const numbers = await download(tensor);
      bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), offset);
      offset += numbers.byteLength;
      weightSpecs.push({ name, shape: tensor.shape, dtype: tensor.dtype as 'float32' });
    }
  } finally {
    tf.dispose(updated);
  }
  return { backend: tf.getBackend(), topology: json, weightSpecs, weightData };
}
