import * as tf from '@tensorflow/tfjs-core';
import type { Application, Graph, ValueId } from '../model/graph.ts';
import { variablesOf } from '../model/tfjs-internals.ts';

/**
 * The work of applications on one example, as multiply-adds counted from shapes: each weight of a product counts once
 * for each position that it is applied at, and every number of an output once more. Lengths that are not known count as 1.
 *
 * @param graph The network.
 * @param applications The applications.
 */
export function workOf(graph: Graph, applications: readonly Application[]): number {
  return applications.reduce((sum, application) => sum + workOfOne(graph, application), 0);
}

function workOfOne({ values }: Graph, { layer, inputs, outputs }: Application): number {
  const shapeOf = (id: ValueId | undefined) => (values.get(id as ValueId)?.shape ?? []).map((length) => length ?? 1);
  const name = layer.getClassName();
  // A convolution computes each output; a transposed one, a product and a recurrent layer go through their inputs.
  const isConvolution = name.includes('Conv') && !name.includes('Transpose') && !name.includes('LSTM');
  const positions = tf.util.sizeFromShape(shapeOf(isConvolution ? outputs[0] : inputs[0]).slice(0, -1));
  const isLookUp = name === 'Embedding';
  const kernels = variablesOf(layer).filter(({ shape }) => shape.length >= 2 && !isLookUp);
  const products = kernels.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
  return positions * products + outputs.reduce((sum, id) => sum + tf.util.sizeFromShape(shapeOf(id)), 0);
}

/** How much more a training step costs than its forward pass: the gradients of weights and of inputs are a product each. */
export const stepOverForward = 3;
