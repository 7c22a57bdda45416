import * as tf from '@tensorflow/tfjs-core';
import { difference, type Numbers, numbers, tensorOf } from '../backends/kernel-cases.ts';
import type { Operation } from './operations-table.ts';

/** What an operation makes of its inputs, and the gradient in each input of the output's product with `dy`. */
export interface Derived {
  readonly output: Numbers;
  readonly gradients: readonly Numbers[];
}

/** How far a backend is from the reference, relative to the largest number. */
export interface Distance {
  readonly output: number;
  readonly gradient: number;
}

const dyOf = (shape: readonly number[]) => numbers(shape, 9);
const read = (tensor: tf.Tensor): Numbers => ({ shape: tensor.shape, values: tensor.dataSync() as Float32Array });
const applied = ({ apply }: Operation) => apply as unknown as (...inputs: tf.Tensor[]) => tf.Tensor;

/** Half the distance of the inner points of the difference. The error is about its fourth power. */
const step = 0.02;

/**
 * Derives an operation by differences of four points, on the backend that is current: 32 bits hold its outputs, 64 bits
 * the product with `dy`.
 */
export function byDifferences(operation: Operation): Derived {
  const { inputs } = operation;
  const outputAt = (at: readonly Numbers[]) => {
    const output = tf.tidy(() => applied(operation)(...at.map(tensorOf)));
    const numbers = read(output);
    output.dispose();
    return numbers;
  };
  const output = outputAt(inputs);
  const dy = dyOf(output.shape).values;
  const gradients = inputs.map(({ shape, values }, index): Numbers => {
    const productAt = (place: number, offset: number) => {
      const moved = Float32Array.from(values);
      moved[place] = (values[place] as number) + offset;
      const at = inputs.map((input, i) => (i === index ? { shape, values: moved } : input));
      const exact = (moved[place] as number) - (values[place] as number);
      const difference = [...outputAt(at).values].reduce(
        (sum, value, i) => sum + (value - (output.values[i] as number)) * (dy[i] as number),
        0,
      );
      return difference / exact;
    };
    return {
      shape,
      values: Float32Array.from(values, (_, place) => {
        const slope = (h: number) => (productAt(place, h) + productAt(place, -h)) / 2;
        return (4 * slope(step) - slope(2 * step)) / 3;
      }),
    };
  });
  return { output, gradients };
}

/** Derives an operation as the backend that is current does, with NaN lying where its results will be. */
export async function byBackend(operation: Operation, { output: { shape } }: Derived): Promise<Derived> {
  const f = applied(operation);
  const tensors = tf.tidy(() => {
    const inputs = operation.inputs.map(tensorOf);
    const sizes = [shape, ...operation.inputs.map((input) => input.shape)].map((some) =>
      tf.util.sizeFromShape([...some]),
    );
    tf.dispose(sizes.flatMap((size) => [tf.fill([size], Number.NaN), tf.fill([size], Number.NaN)]));
    return [f(...inputs), ...tf.grads(f)(inputs, tensorOf(dyOf(shape)))];
  });
  try {
    // WebGPU in Node cannot read at once.
    const [output, ...gradients] = await Promise.all(
      tensors.map(async (tensor) => ({ shape: tensor.shape, values: (await tensor.data()) as Float32Array })),
    );
    return { output: output as Numbers, gradients };
  } finally {
    tf.dispose(tensors);
  }
}

/** How far apart two derivations are. */
export function distanceOf(actual: Derived, expected: Derived): Distance {
  const gradients = expected.gradients.map((gradient, i) => difference(actual.gradients[i] as Numbers, gradient));
  return { output: difference(actual.output, expected.output), gradient: Math.max(...gradients) };
}
