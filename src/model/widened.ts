import * as tf from '@tensorflow/tfjs-core';
import { type Chain, type Joined, soleReaders } from './fold-chains.ts';
import type { ChainWeights } from './fold-weights.ts';
import { attributesOf, type FusedOperation } from './fused-kernel.ts';
import type { ValueId } from './graph.ts';

/** The kernel that runs a convolution of single pixels and a depthwise one as one, on the backends that have it. */
const kernelName = 'WidenedDepthwiseConv2D';

/** An application, or one that stands for several: an expansion, the depthwise convolution after it, maybe a projection. */
export interface Widened extends Joined {
  readonly parts?: readonly Joined[];
}

/**
 * Joins each depthwise convolution with the convolution of single pixels before it, where the backend has a kernel for the
 * two: what lies between them is the largest value of an inverted residual (Sandler et al., 2018, figure 3).
 *
 * @param joined The applications, in order, with their chains.
 * @param wanted The values that must come out, and so lie within no chain.
 * @param may Which expansions may be joined. Default: all.
 * @returns The applications, in order.
 */
export function joinExpansions(
  joined: readonly Joined[],
  wanted: readonly ValueId[],
  may: (expansion: Joined) => boolean = () => true,
): Widened[] {
  if (!tf.getKernel(kernelName, tf.getBackend())) return [...joined];
  return join(joined, wanted, (first, second) => isPixelwise(first.chain) && isDepthwise(second.chain) && may(first));
}

/**
 * Joins such pairs with the convolution of single pixels after them too: whole inverted residuals.
 *
 * @param joined The applications, in order, as {@link joinExpansions} gives them.
 * @param wanted The values that must come out.
 * @param may Which depthwise convolutions may be joined with what comes after them. Default: all.
 */
export function joinProjections(
  joined: readonly Widened[],
  wanted: readonly ValueId[],
  may: (depthwise: Widened) => boolean = () => true,
): Widened[] {
  return join(joined, wanted, (first, second) => first.parts !== undefined && isPixelwise(second.chain) && may(first));
}

/** Joins each application with the one that alone reads what it makes, where the two fit. */
function join(
  joined: readonly Widened[],
  wanted: readonly ValueId[],
  fits: (first: Widened, second: Widened) => boolean,
): Widened[] {
  const readers = soleReaders(joined, wanted);
  const before = new Map(
    joined.flatMap((application) => {
      const reader = readers.get(application.outputs[0] as ValueId);
      return reader && !reader.parts && fits(application, reader) ? [[reader, application]] : [];
    }),
  );
  const taken = new Set(before.values());
  return joined
    .filter((application) => !taken.has(application))
    .map((application) => {
      const first = before.get(application);
      return first
        ? { ...application, inputs: first.inputs, parts: [...(first.parts ?? [first]), application] }
        : application;
    });
}

/** The operation of a chain that has one of a kind, channels last. */
function operationOf(chain: Chain | undefined, kind: FusedOperation['kind']) {
  const [operation, other] = chain?.operations ?? [];
  return operation?.kind === kind && !other && chain?.channels === 'last' ? operation : undefined;
}

function isPixelwise(chain: Chain | undefined): boolean {
  const operation = operationOf(chain, 'conv2d');
  return (
    operation !== undefined && [...operation.kernel.shape.slice(0, 2), ...operation.strides].every((size) => size === 1)
  );
}

const isDepthwise = (chain: Chain | undefined) => operationOf(chain, 'depthwiseConv2d')?.kernel.shape[3] === 1;

/** A chain with its weights. */
export interface Weighted {
  readonly chain: Chain;
  readonly weights: ChainWeights;
}

/** The weights of an inverted residual, by the names of the kernels: filters, and what is added to each result. */
export function weightsOfParts(parts: readonly (Weighted | undefined)[]): Partial<Record<string, tf.Tensor>> {
  const [expansion, filter, projection] = parts.map((part) => part?.weights.filters[0]);
  const [bias, added, last] = parts.map((part) => part?.weights.bias);
  return { expansion, filter, projection, bias, added, last };
}

/** The attributes of an inverted residual, as the kernels take them. */
export function attributesOfParts([first, second, third]: readonly (Weighted | undefined)[]): tf.NamedAttrMap {
  return {
    ...attributesOf(second?.chain.operations[0] as FusedOperation),
    expansionActivation: first?.chain.activation as string,
    activation: second?.chain.activation as string,
    projectionActivation: third?.chain.activation ?? 'linear',
  };
}

/** Runs a kernel, with those of the inputs that are there. */
export function runWith(kernelName: string, inputs: Partial<Record<string, tf.Tensor>>, attributes: tf.NamedAttrMap) {
  const present = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor)) as tf.NamedTensorMap;
  return tf.engine().runKernel(kernelName, present, attributes);
}

/**
 * Runs an expansion, the depthwise convolution after it and maybe a projection.
 *
 * @param input Pictures, `[batch, height, width, channels]`.
 * @param parts The convolutions.
 */
export function runWidened(input: tf.Tensor, parts: readonly Weighted[]): tf.Tensor {
  const x = input.dtype === 'float32' ? input : tf.cast(input, 'float32');
  return runWith(kernelName, { x, ...weightsOfParts(parts) }, attributesOfParts(parts)) as tf.Tensor;
}
