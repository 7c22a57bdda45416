import * as tf from '@tensorflow/tfjs-core';
import { attributesOf, type FusedActivation, type FusedCall, runFused } from '../model/fused-kernel.ts';

/** Which of the things that an operation is given get a gradient. */
export type Differentiable = Readonly<Record<'x' | 'filter' | 'bias', boolean>>;

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
 */
export function fusedOperation(call: FusedCall, differentiable: Differentiable): tf.Tensor {
  const { operation, x, filter, activation } = call;
  const wanted = names.filter((name) => differentiable[name] && call[name]);
  if (wanted.length === 0) return runFused(call);
  const run = tf.customGrad((...inputs) => {
    const save = inputs.at(-1) as unknown as tf.GradSaveFunc;
    const value = runFused(call);
    const kept = {
      ...(activation !== 'linear' && { y: value }),
      ...(differentiable.filter && { x }),
      ...(differentiable.x && { filter }),
    };
    save(Object.values(kept));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const from: Partial<Record<string, tf.Tensor>> = Object.fromEntries(
        Object.keys(kept).map((name, index) => [name, saved[index]]),
      );
      const gradients = tf.tidy(() => {
        const slope = from.y ? activationGradient(activation, dy, from.y) : dy;
        // Of what was not kept, the gradients read the shape alone.
        const { kernelName, own } = gradientNames[operation.kind];
        const gradient = tf.getGradient(kernelName).gradFunc;
        const derive = gradient(slope, [from.x ?? x, from.filter ?? filter], attributesOf(operation));
        return wanted.map((name) => (name === 'bias' ? biasGradient(slope) : derive[own[name]]?.())) as tf.Tensor[];
      });
      // They are not needed again, while tfjs keeps them until all gradients are computed.
      tf.dispose(saved);
      return gradients;
    };
    return { value, gradFunc };
  });
  return run(...wanted.map((name) => call[name] as tf.Tensor));
}

/** The operations without bias and activation, whose gradients tfjs or an adapter has, and what they call their inputs. */
const gradientNames = {
  conv2d: { kernelName: tf.Conv2D, own: { x: 'x', filter: 'filter' } },
  depthwiseConv2d: { kernelName: tf.DepthwiseConv2dNative, own: { x: 'x', filter: 'filter' } },
  matMul: { kernelName: tf.BatchMatMul, own: { x: 'a', filter: 'b' } },
} as const;

/** The kernels that compute the gradient of an activation in one pass, where a backend has them. */
const activationKernels = { relu: 'ReluGrad', relu6: 'Relu6Grad' } as const;

function activationGradient(activation: FusedActivation, dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  if (activation === 'linear') return dy;
  const kernelName = activationKernels[activation];
  if (tf.getKernel(kernelName, tf.getBackend())) return tf.engine().runKernel(kernelName, { dy, y }) as tf.Tensor;
  const positive = tf.step(y);
  return tf.mul(dy, activation === 'relu' ? positive : tf.mul(positive, tf.step(tf.sub(6, y))));
}

const biasGradient = (slope: tf.Tensor) => tf.sum(tf.reshape(slope, [-1, slope.shape.at(-1) as number]), 0);
