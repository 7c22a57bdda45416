import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

/** A tensor as a value, so that both backends get the same. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** One call of a kernel, by the names that tfjs uses. */
export interface KernelCase {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Makes numbers in [-1, 1), on a grid of `levels` where ties are wanted. */
export function numbers(shape: readonly number[], seed: number, levels?: number): Numbers {
  let state = seed + 1;
  const values = Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const uniform = ((state >>> 8) * 2) / 2 ** 24 - 1;
    return levels === undefined ? uniform : Math.floor(uniform * levels) / levels;
  });
  return { shape, values };
}

/** Puts numbers on the current backend. */
export function tensorOf({ shape, values }: Numbers): tf.Tensor {
  return tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32');
}

/** Runs a kernel on the current backend. */
export function runKernel(kernelName: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, { ...attrs } as unknown as tf.NamedAttrMap) as tf.Tensor;
}

/** Runs a kernel on a backend, twice: the second time, NaN lies on the heap where its result will be. */
export async function run({ kernelName, inputs, attrs }: KernelCase, backend: string): Promise<Numbers> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const tensors = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tensorOf(value)]));
    const call = () => runKernel(kernelName, tensors, attrs);
    const first = call();
    const dirt = Array.from({ length: 8 }, () => tf.fill([Math.max(1, first.size)], Number.NaN));
    tf.dispose([first, ...dirt]);
    const result = call();
    return { shape: result.shape, values: result.dataSync() as Float32Array };
  });
}

/** @returns The largest difference, relative to the largest number expected; infinite where shapes differ. */
export function difference(actual: Numbers, expected: Numbers): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  let [distance, largest] = [0, 1e-3];
  for (const [i, value] of expected.values.entries()) {
    const apart = Math.abs(value - (actual.values[i] as number));
    if (Number.isNaN(apart)) return Number.POSITIVE_INFINITY;
    [distance, largest] = [Math.max(distance, apart), Math.max(largest, Math.abs(value))];
  }
  return distance / largest;
}

const small = (max: number, min = 1) => fc.integer({ min, max });

const padding = fc.oneof(
  fc.record({ pad: fc.constantFrom('same', 'valid') }),
  fc.record({
    pad: fc.oneof(
      small(2, 0),
      fc.tuple(small(3, 0), small(3, 0), small(3, 0), small(3, 0)).map(([top, bottom, left, right]) => [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]),
    ),
    dimRoundingMode: fc.constantFrom('floor', 'ceil', 'round'),
  }),
);

/** Windows over pictures, with whatever padding tfjs knows. */
export const pictureWindows = fc.record({
  seed: fc.nat(1e6),
  batch: small(2),
  size: fc.tuple(small(7), small(7)),
  channels: small(4),
  outChannels: small(5),
  filter: fc.tuple(small(4), small(4)),
  strides: fc.tuple(small(3), small(3)),
  dilations: fc.tuple(small(3), small(3)),
  padding,
});

/** Windows over volumes, with the paddings that tfjs knows there. */
export const volumeWindows = fc.record({
  seed: fc.nat(1e6),
  batch: small(2),
  size: fc.tuple(small(4), small(5), small(5)),
  channels: small(3),
  outChannels: small(3),
  filter: fc.tuple(small(3), small(3), small(3)),
  strides: fc.tuple(small(3), small(3), small(3)),
  pad: fc.constantFrom('same', 'valid'),
});
