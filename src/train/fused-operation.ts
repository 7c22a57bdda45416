import * as tf from '@tensorflow/tfjs-core';
import {
  attributesOf,
  type FusedActivation,
  type FusedCall,
  type FusedOperation,
  runFused,
} from '../model/fused-kernel.ts';
import { withGradient } from './with-gradient.ts';

/** Which of the things that an operation is given get a gradient. */
export type Differentiable = Readonly<Record<'x' | 'filter' | 'bias', boolean>>;

/** Who takes a gradient through an activation: the operation that has it, or the one that alone reads what it makes. */
export interface Slopes {
  /** The activation that made x, where this operation takes the gradient through it; `linear` else. */
  readonly before: FusedActivation;
  /** Whether what reads this operation takes the gradient through its activation. */
  readonly isTaken: boolean;
}

const names = ['x', 'filter', 'bias'] as const;

/**
 * Runs an operation with bias and activation by one kernel, with a gradient. tfjs' own runs them one by one inside a
 * gradient, and computes and keeps what nobody asks for (trap T15).
 *
 * The gradient of the activation is told by the output, so that what comes before it is not kept; the input is kept for
 * the gradient of the filter alone, and the filter for that of the input.
 *
 * @param call The operation and what it is given.
 * @param differentiable What gets a gradient: nothing else is computed or kept for it.
 * @param slopes Who takes gradients through activations.
 */
export function fusedOperation(call: FusedCall, differentiable: Differentiable, slopes: Slopes): tf.Tensor {
  const { operation, x, filter, activation } = call;
  const wanted = names.filter((name) => differentiable[name] && call[name]);
  if (wanted.length === 0) return runFused(call);
  return withGradient(
    wanted.map((name) => call[name] as tf.Tensor),
    wanted[0] === 'x',
    () => {
      const value = runFused(call);
      const kept = {
        ...(activation !== 'linear' && !slopes.isTaken && { y: value }),
        ...((differentiable.filter || slopes.before !== 'linear') && { x }),
        ...(differentiable.x && { filter }),
      };
      return { value, kept };
    },
    (dy, from) => {
      const slope = from.y ? activationGradient(activation, dy, from.y) : dy;
      // Of what was not kept, the gradients read the shape alone.
      const read = [slope, from.x ?? x, from.filter ?? filter, slopes.before] as const;
      const derive = {
        ...gradientsOf(operation, ...read),
        ...(differentiable.x && joined(operation, differentiable, ...read)),
      };
      return wanted.map((name) => derive[name]());
    },
  );
}

/** The operations without bias and activation, whose gradients tfjs or an adapter has, and what they call their inputs. */
const known = {
  conv2d: [tf.Conv2D, 'x', 'filter'],
  depthwiseConv2d: [tf.DepthwiseConv2dNative, 'x', 'filter'],
  matMul: [tf.BatchMatMul, 'a', 'b'],
} as const;

/** The gradients of what an operation is given, from that of what comes before the activation. */
function gradientsOf(
  operation: FusedOperation,
  slope: tf.Tensor,
  x: tf.Tensor,
  filter: tf.Tensor,
  before: FusedActivation,
): Record<keyof Differentiable, () => tf.Tensor> {
  const bias = () => sumOfRows(slope);
  if (operation.kind === 'scale') {
    return { x: () => tf.mul(slope, filter), filter: () => sumOfRows(tf.mul(slope, x)), bias };
  }
  const [kernelName, first, second] = known[operation.kind];
  const derive = tf.getGradient(kernelName).gradFunc(slope, [x, filter], attributesOf(operation));
  const input = derive[first] as () => tf.Tensor;
  return { x: () => activationGradient(before, input(), x), filter: derive[second] as () => tf.Tensor, bias };
}

/** The kernels that compute all gradients of an operation at once, where a backend has them. */
const joinedKernels: Partial<Record<FusedOperation['kind'], string>> = {
  conv2d: 'Conv2DBackprop',
  depthwiseConv2d: 'DepthwiseConv2dNativeBackprop',
};

/** The gradient of x, on through the activation that made it, and that of a filter, by one kernel where the backend has it. */
function joined(
  operation: FusedOperation,
  differentiable: Differentiable,
  dy: tf.Tensor,
  x: tf.Tensor,
  filter: tf.Tensor,
  before: FusedActivation,
): Partial<Record<'x' | 'filter', () => tf.Tensor>> {
  const kernelName = joinedKernels[operation.kind];
  if (!kernelName || !tf.getKernel(kernelName, tf.getBackend())) return {};
  const attributes = {
    ...attributesOf(operation),
    inputShape: x.shape,
    ...(differentiable.filter && { filterShape: filter.shape }),
    ...(before !== 'linear' && { activation: before }),
  };
  const isRead = differentiable.filter || before !== 'linear';
  const inputs = { dy, filter, ...(isRead && { x }) };
  const [first, second] = tf.engine().runKernel(kernelName, inputs, attributes) as unknown as tf.Tensor[];
  return { x: () => first as tf.Tensor, ...(second && { filter: () => second }) };
}

/** The kernels that compute the gradient of an activation in one pass, where a backend has them. */
const activationKernels = { relu: 'ReluGrad', relu6: 'Relu6Grad' } as const;

export function activationGradient(activation: FusedActivation, dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  if (activation === 'linear') return dy;
  const kernelName = activationKernels[activation];
  if (tf.getKernel(kernelName, tf.getBackend())) return tf.engine().runKernel(kernelName, { dy, y }) as tf.Tensor;
  const positive = tf.step(y);
  return tf.mul(dy, activation === 'relu' ? positive : tf.mul(positive, tf.step(tf.sub(6, y))));
}

/** The gradient of a bias. */
export const sumOfRows = (tensor: tf.Tensor) => tf.sum(tf.reshape(tensor, [-1, tensor.shape.at(-1) as number]), 0);
