import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../shared/kernel.ts';
import type { WasmBackend } from './heap.ts';

/** Another tensor of the same numbers. */
function share({ dataId, shape, dtype }: tf.Tensor, backend: WasmBackend): tf.Tensor {
  backend.incRef(dataId);
  return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
}

/** A clone shares its numbers, as on every other backend: tfjs copies them, all that a gradient keeps among them. */
export const identity = kernel<'x', object, WasmBackend>(tf.Identity, ({ inputs: { x }, backend }) =>
  x.dtype === 'string' ? undefined : share(x, backend),
);

/** A cast to the type that a tensor has shares its numbers too. */
export const cast = kernel<'x', tf.CastAttrs, WasmBackend>(tf.Cast, ({ inputs: { x }, attrs, backend }) =>
  x.dtype === attrs.dtype && x.dtype !== 'string' ? share(x, backend) : undefined,
);
