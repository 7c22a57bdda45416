import * as tf from '@tensorflow/tfjs-core';
import { gradient } from '../shared/gradient.ts';
import { addressOf, allocate } from './heap.ts';
import { trainingKernel } from './kernel.ts';
import { kernelsOn } from './native.ts';

interface Epsilon {
  readonly epsilon: number;
}

const rowsOf = (x: tf.Tensor) => {
  const width = x.shape.at(-1) as number;
  return [x.size / width, width] as const;
};

/** Layer normalization over the last axis in one pass; out of tfjs' operations it takes nine. */
export const layerNorm = trainingKernel<'x' | 'gamma' | 'beta', Epsilon>(
  'LayerNorm',
  ({ inputs: { x, gamma, beta }, attrs: { epsilon }, backend }) => {
    const result = allocate(backend, x.shape);
    const at = [x, gamma, beta, result].map((tensor) => addressOf(backend, tensor));
    kernelsOn(backend).layerNorm(...(at as [number, number, number, number]), ...rowsOf(x), epsilon);
    return result;
  },
);

/** The gradient of what is normalized. */
export const layerNormGradient = trainingKernel<'dy' | 'x' | 'gamma', Epsilon>(
  'LayerNormGrad',
  ({ inputs: { dy, x, gamma }, attrs: { epsilon }, backend }) => {
    const result = allocate(backend, x.shape);
    const at = [dy, x, gamma, result].map((tensor) => addressOf(backend, tensor));
    kernelsOn(backend).layerNormGradient(...(at as [number, number, number, number]), ...rowsOf(x), epsilon);
    return result;
  },
);

/** The gradient of gamma. */
export const layerNormScaleGradient = trainingKernel<'dy' | 'x', Epsilon>(
  'LayerNormScaleGrad',
  ({ inputs: { dy, x }, attrs: { epsilon }, backend }) => {
    const [rows, width] = rowsOf(x);
    const result = allocate(backend, [width]);
    const at = [dy, x, result].map((tensor) => addressOf(backend, tensor));
    kernelsOn(backend).layerNormScaleGradient(...(at as [number, number, number]), rows, width, epsilon);
    return result;
  },
);

export const gradientOfLayerNorm = gradient<Epsilon>('LayerNorm', { inputs: ['x', 'gamma'] }, (dy, kept, attrs) => {
  const [x, gamma] = kept as readonly [tf.Tensor, tf.Tensor];
  const run = (name: string, inputs: tf.NamedTensorMap) =>
    tf.engine().runKernel(name, inputs, { ...attrs }) as tf.Tensor;
  return {
    x: () => run('LayerNormGrad', { dy, x, gamma }),
    gamma: () => run('LayerNormScaleGrad', { dy, x }),
    beta: () => tf.sum(tf.reshape(dy, [-1, gamma.size]), 0),
  };
});
