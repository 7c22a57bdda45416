import * as tf from '@tensorflow/tfjs-core';
import { type Chain, type Joined, soleReaders } from './fold-chains.ts';
import type { ChainWeights } from './fold-weights.ts';
import { attributesOf, type FusedOperation } from './fused-kernel.ts';
import type { ValueId } from './graph.ts';

/** The kernel that runs a convolution of single pixels and a depthwise one as one, on the backends that have it. */
const kernelName = 'WidenedDepthwiseConv2D';

/** Convolutions that run as one, of which the depthwise one is always there. */
export interface Parts<Part> {
  readonly expansion?: Part;
  readonly depthwise: Part;
  readonly projection?: Part;
}

/** An application, or one that stands for several. */
export interface Widened extends Joined {
  readonly parts?: Parts<Joined>;
}

/**
 * Joins each depthwise convolution with the convolutions of single pixels before and after it, where the backend has a
 * kernel for that: what lies between them is the largest value of an inverted residual (Sandler et al., 2018, figure 3).
 *
 * @param joined The applications, in order, with their chains.
 * @param wanted The values that must come out, and so lie within no chain.
 * @param may Which applications may be joined with the one that reads what they make. Default: all.
 * @returns The applications, in order.
 */
export function joinResiduals(
  joined: readonly Joined[],
  wanted: readonly ValueId[],
  may: (first: Joined) => boolean = () => true,
): Widened[] {
  if (!tf.getKernel(kernelName, tf.getBackend())) return [...joined];
  const widened = join(joined, wanted, (first, second) =>
    isPixelwise(first.chain) && isDepthwise(second.chain) && may(first)
      ? { expansion: first, depthwise: second }
      : undefined,
  );
  return join(widened, wanted, (first, second) =>
    isDepthwise(first.chain) && isPixelwise(second.chain) && may(first)
      ? { ...(first.parts ?? { depthwise: first }), projection: second }
      : undefined,
  );
}

/** Joins each application with the one that alone reads what it makes, where the two fit. */
function join(
  joined: readonly Widened[],
  wanted: readonly ValueId[],
  pair: (first: Widened, second: Widened) => Parts<Joined> | undefined,
): Widened[] {
  const readers = soleReaders(joined, wanted);
  const taken = new Set<Widened>();
  const made = new Map<Widened, Widened>();
  for (const first of joined) {
    const reader = readers.get(first.outputs[0] as ValueId);
    const parts = reader && !reader.parts && pair(first, reader);
    if (!parts) continue;
    taken.add(first);
    made.set(reader, { ...reader, inputs: first.inputs, parts });
  }
  return joined
    .filter((application) => !taken.has(application))
    .map((application) => made.get(application) ?? application);
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

/** The weights of such convolutions, by the names of the kernels: filters, and what is added to each result. */
export function weightsOfParts({ expansion, depthwise, projection }: Parts<Weighted>): WeightsOfParts {
  const [first, second, third] = [expansion, depthwise, projection].map((part) => part?.weights);
  const filters = { expansion: first?.filters[0], filter: second?.filters[0], projection: third?.filters[0] };
  return { ...filters, bias: first?.bias, added: second?.bias, last: third?.bias };
}

type WeightsOfParts = Record<'expansion' | 'filter' | 'projection' | 'bias' | 'added' | 'last', tf.Tensor | undefined>;

/** The attributes of such convolutions, as the kernels take them. */
export function attributesOfParts({ expansion, depthwise, projection }: Parts<Weighted>): tf.NamedAttrMap {
  return {
    ...attributesOf(depthwise.chain.operations[0] as FusedOperation),
    expansionActivation: expansion?.chain.activation ?? 'linear',
    activation: depthwise.chain.activation,
    projectionActivation: projection?.chain.activation ?? 'linear',
  };
}

/** The same of each part. */
export function mapParts<From, To>({ depthwise, ...ends }: Parts<From>, make: (part: From) => To): Parts<To> {
  const others = Object.entries(ends).map(([name, part]) => [name, make(part)]);
  return { ...Object.fromEntries(others), depthwise: make(depthwise) };
}

/** Runs a kernel, with those of the inputs that are there. */
export function runWith(kernelName: string, inputs: Partial<Record<string, tf.Tensor>>, attributes: tf.NamedAttrMap) {
  const present = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor)) as tf.NamedTensorMap;
  return tf.engine().runKernel(kernelName, present, attributes);
}

/**
 * Runs convolutions as one.
 *
 * @param input Pictures, `[batch, height, width, channels]`.
 * @param parts The convolutions.
 */
export function runWidened(input: tf.Tensor, parts: Parts<Weighted>): tf.Tensor {
  const x = input.dtype === 'float32' ? input : tf.cast(input, 'float32');
  return runWith(kernelName, { x, ...weightsOfParts(parts) }, attributesOfParts(parts)) as tf.Tensor;
}
