import * as tf from '@tensorflow/tfjs-core';
import { affineOf } from './fold-weights.ts';
import type { Application, ValueId } from './graph.ts';
import { asBatchNormalization, type BatchNormalization, innerLayers, type Layer } from './tfjs-internals.ts';
import { tidy } from './tidy.ts';

/** A tensor with the mask that belongs to it. */
export interface Value {
  readonly tensor: tf.Tensor;
  readonly mask: tf.Tensor | null;
}

/** Values by number. */
export type Values = ReadonlyMap<ValueId, Value>;

/** Disposes values and their masks. */
export function disposeValues(values: Iterable<Value>): void {
  tf.dispose([...values] as never);
}

/** Computes the outputs of one application from its inputs; undefined leaves it to the layer itself. */
export type Override = (application: Application, inputs: readonly tf.Tensor[]) => tf.Tensor | undefined;

/**
 * Runs applications in order, each with its own mask: where tfjs lets a mask leak to later layers (trap T19), here a
 * mask belongs to its value.
 *
 * @param applications The applications, in order.
 * @param given The values that are there already.
 * @param override What is computed otherwise than by the layer: dropout and BatchNormalization in training.
 * @param after Called after each application, to free what nothing needs any more.
 * @returns All values, the given ones included.
 */
export function execute(
  applications: readonly Application[],
  given: Values,
  override: Override = () => undefined,
  after: (index: number, values: Map<ValueId, Value>) => void = () => {},
): Map<ValueId, Value> {
  const values = new Map(given);
  applications.forEach((application, index) => {
    const inputs = application.inputs.map((id) => values.get(id) as Value);
    for (const [i, value] of apply(application, inputs, override).entries()) {
      values.set(application.outputs[i] as ValueId, value);
    }
    after(index, values);
  });
  return values;
}

function apply({ layer, ...rest }: Application, inputs: readonly Value[], override: Override): Value[] {
  const tensors = inputs.map(({ tensor }) => tensor);
  const masks = inputs.map(({ mask }) => mask);
  const mask = masks[0];
  const replaced = override({ layer, ...rest }, tensors) ?? normalizedAlongOther(layer, tensors[0] as tf.Tensor);
  const result =
    replaced ?? layer.apply(tensors.length === 1 ? (tensors[0] as tf.Tensor) : tensors, mask ? { mask } : {});
  for (const inner of [layer, ...innerLayers(layer)]) forgetMask(inner);
  const outputs = (Array.isArray(result) ? result : [result]) as tf.Tensor[];
  const computed = layer.supportsMasking ? layer.computeMask(tensors, masks as tf.Tensor[]) : null;
  const outputMask = (Array.isArray(computed) ? computed[0] : computed) ?? null;
  return outputs.map((tensor) => ({ tensor, mask: outputMask }));
}

/**
 * BatchNormalization of an axis that is not the last: the kernels of cpu and WASM take their weights in turn along the
 * last axis, whatever axis they belong to.
 */
function normalizedAlongOther(layer: Layer, input: tf.Tensor): tf.Tensor | undefined {
  const normalization = asBatchNormalization(layer);
  const isLast = !normalization || [-1, input.rank - 1].includes(normalization.axis);
  return isLast ? undefined : normalizeFrozen(normalization, input);
}

/**
 * Normalises by the moving statistics, as `x s + t` with one s and t a channel: the inference mode of
 * BatchNormalization. The gradient of tfjs' fused kernel needs a gamma (trap T3), and computes gradients of the
 * statistics that nobody asks for.
 *
 * @param layer The layer.
 * @param input The batch.
 */
export function normalizeFrozen(layer: BatchNormalization, input: tf.Tensor): tf.Tensor {
  const axis = layer.axis < 0 ? layer.axis + input.rank : layer.axis;
  const along = input.shape.map((size, index) => (index === axis ? size : 1));
  const { scale, shift } = affineOf(layer);
  return tf.add(tf.mul(input, tf.reshape(scale, along)), tf.reshape(shift, along));
}

/**
 * Frees every value after its last use.
 *
 * @param applications The applications, in order.
 * @param kept The values that stay.
 * @returns What {@link execute} calls after each application.
 */
export function freeAfterUse(applications: readonly Application[], kept: Iterable<ValueId>) {
  const lastUse = new Map<ValueId, number>();
  applications.forEach(({ inputs, outputs }, index) => {
    for (const id of [...outputs, ...inputs]) lastUse.set(id, index);
  });
  for (const id of kept) lastUse.delete(id);
  return (index: number, values: Map<ValueId, Value>) => {
    const { inputs, outputs } = applications[index] as Application;
    for (const id of [...inputs, ...outputs]) {
      if (lastUse.get(id) !== index) continue;
      values.get(id)?.tensor.dispose();
      values.delete(id);
    }
  };
}

/**
 * Runs applications in inference mode and frees every value after its last use.
 *
 * @param applications The applications, in order.
 * @param given The values that are there already; they stay the caller's.
 * @param wanted The values to return, owned by the caller.
 * @param override What is computed otherwise than by the layer.
 */
export function infer(
  applications: readonly Application[],
  given: Values,
  wanted: readonly ValueId[],
  override?: Override,
): Value[] {
  const free = freeAfterUse(applications, [...wanted, ...given.keys()]);
  // One tidy for the whole run: masks may serve several values, and it frees them with the rest at the end.
  return tidy(() => {
    const values = execute(applications, given, override, free);
    const result = wanted.map((id) => values.get(id) as Value);
    // A value that was given is returned as a tensor of its own, so that the caller may dispose every result.
    return result.map(({ tensor, mask }) => ({ tensor: tf.clone(tensor), mask: mask && tf.clone(mask) }));
  });
}

/** Recurrent cells with dropout keep the masks of their last call, in inference too, until the next one. */
function forgetMask(layer: Layer): void {
  const cell = layer as unknown as Record<'dropoutMask' | 'recurrentDropoutMask', tf.Tensor[] | null | undefined>;
  for (const name of ['dropoutMask', 'recurrentDropoutMask'] as const) {
    if (!cell[name]) continue;
    tf.dispose(cell[name]);
    cell[name] = null;
  }
}
